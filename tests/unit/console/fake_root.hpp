// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>

namespace console::test {

// A folder that stands for "/", gone with the object.
class FakeRoot {
  public:
    FakeRoot() {
        std::string name = testing::TempDir() + "vmnix-root-XXXXXX";
        path_ = ::mkdtemp(name.data());
    }
    ~FakeRoot() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    FakeRoot(const FakeRoot &) = delete;
    FakeRoot &operator=(const FakeRoot &) = delete;

    const std::filesystem::path &path() const { return path_; }
    std::filesystem::path at(const std::string &file) const { return path_.string() + file; }

    void write(const std::string &file, const std::string &content) const {
        std::filesystem::create_directories(at(file).parent_path());
        std::ofstream(at(file), std::ios::binary) << content;
    }
    // As a word at its number in the sparse file that stands for a CPU's msr device.
    void write_msr(unsigned cpu, std::uint32_t number, std::uint64_t value) const {
        const std::string file = "/dev/cpu/" + std::to_string(cpu) + "/msr";
        if (!std::filesystem::exists(at(file)))
            write(file, "");
        std::fstream stream(at(file), std::ios::in | std::ios::out | std::ios::binary);
        stream.seekp(number);
        stream.write(reinterpret_cast<const char *>(&value), sizeof value);
    }
    void remove(const std::string &file) const { std::filesystem::remove_all(at(file)); }

  private:
    std::filesystem::path path_;
};

} // namespace console::test

// SPDX-License-Identifier: GPL-2.0-only
// Locks between test programs that run at the same time, as locked files: a program that dies lets go.
#pragma once

#include <filesystem>
#include <vector>

namespace harness {

class FileLock {
  public:
    FileLock() = default;
    ~FileLock();
    FileLock(FileLock &&other) noexcept;
    FileLock &operator=(FileLock &&other) noexcept;
    bool try_take(const std::filesystem::path &file);
    void take(const std::filesystem::path &file);
    explicit operator bool() const { return descriptor_ >= 0; }

  private:
    bool take(const std::filesystem::path &file, int operation);
    int descriptor_ = -1;
};

// The right to run `machines` emulators. There are two places in all, however many programs run: more would slow one
// another down on two cores until guests miss their deadlines. A test that needs two asks for both at once, because
// two tests that hold one and wait for another would wait for ever.
class Places {
  public:
    explicit Places(unsigned machines);

  private:
    std::vector<FileLock> held_;
};

} // namespace harness

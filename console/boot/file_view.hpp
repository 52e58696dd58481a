// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace console {

// A file of unknown origin: who reads behind its end gets a Failure that names it.
class FileView {
  public:
    FileView(std::string_view name, std::span<const std::byte> bytes) : name_(name), bytes_(bytes) {}

    std::string_view name() const { return name_; }
    std::uint64_t size() const { return bytes_.size(); }
    std::span<const std::byte> slice(std::uint64_t offset, std::uint64_t size) const;
    template <std::unsigned_integral T> T get(std::uint64_t offset) const {
        T value;
        std::memcpy(&value, slice(offset, sizeof value).data(), sizeof value);
        return value;
    }
    // Whether that text is there; never throws.
    bool has(std::string_view text, std::uint64_t offset) const;

    [[noreturn]] void refuse(const std::string &cause, std::string remedy = {}) const;

  private:
    std::string_view name_;
    std::span<const std::byte> bytes_;
};

} // namespace console

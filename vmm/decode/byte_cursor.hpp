// SPDX-License-Identifier: GPL-2.0-only
// ByteCursor: reads an instruction's bytes in order and never past their end or past the longest instruction.
#pragma once

#include "vmm/base/result.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace vmm {

class ByteCursor {
  public:
    static constexpr std::size_t kLongestInstruction = 15; // AMD APM vol. 3, 1.1; Intel SDM vol. 2, 2.3.11

    explicit constexpr ByteCursor(std::span<const std::uint8_t> bytes)
        : bytes_(bytes.first(std::min(bytes.size(), kLongestInstruction))) {}

    // Resumes where another cursor over the same bytes was.
    constexpr ByteCursor(std::span<const std::uint8_t> bytes, std::size_t consumed) : ByteCursor(bytes) {
        at_ = std::min(consumed, bytes_.size());
    }

    constexpr std::span<const std::uint8_t> bytes() const { return bytes_; }
    constexpr std::uint8_t consumed() const { return static_cast<std::uint8_t>(at_); }

    constexpr Result<std::uint8_t> peek() const {
        if (at_ >= bytes_.size()) [[unlikely]]
            return shortage();
        return bytes_[at_];
    }

    // Little-endian, as all numbers in instructions and as the CPU itself.
    template <std::unsigned_integral T> constexpr Result<T> take() {
        if (bytes_.size() - at_ < sizeof(T)) [[unlikely]]
            return shortage();
        T value = 0;
        if (std::is_constant_evaluated()) {
            for (std::size_t i = 0; i < sizeof(T); ++i)
                value |= static_cast<T>(static_cast<T>(bytes_[at_ + i]) << (8 * i));
        } else { // one load instead of a loop; the bounds are checked above
            __builtin_memcpy(&value, bytes_.data() + at_, sizeof(T));
        }
        at_ += sizeof(T);
        return value;
    }

    constexpr Result<void> skip(std::size_t count) {
        if (bytes_.size() - at_ < count) [[unlikely]]
            return shortage();
        at_ += count;
        return {};
    }

  private:
    constexpr Errc shortage() const { return bytes_.size() < kLongestInstruction ? Errc::Truncated : Errc::Invalid; }

    std::span<const std::uint8_t> bytes_;
    std::size_t at_ = 0; // never above bytes_.size()
};

} // namespace vmm

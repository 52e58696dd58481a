// SPDX-License-Identifier: GPL-2.0-only
// MaybeByte: a byte, or none.
#pragma once

#include <cstdint>

namespace vmm::device {

class MaybeByte {
  public:
    constexpr MaybeByte() = default;
    constexpr explicit MaybeByte(std::uint8_t byte) : word_(kPresent | byte) {}
    constexpr explicit operator bool() const { return word_ != 0; }
    constexpr std::uint8_t operator*() const { return static_cast<std::uint8_t>(word_); }
    constexpr bool operator==(const MaybeByte &) const = default;

  private:
    static constexpr std::uint16_t kPresent = 0x100;
    std::uint16_t word_ = 0;
};

} // namespace vmm::device

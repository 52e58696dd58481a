// SPDX-License-Identifier: GPL-2.0-only
// The first serial port by polling, as the console's kernel left it set: for when there is nobody else to speak to.
#pragma once

#include "vmm/x86/intrinsics.hpp"

#include <string_view>

namespace vmm::serial {

inline constexpr std::uint16_t kData = 0x3f8, kLineStatus = kData + 5;
inline constexpr std::uint8_t kDataReady = 0x01, kHoldingEmpty = 0x20;

// A UART that never drains does not hold up the rest.
inline void put(char c) {
    constexpr unsigned kPatience = 100000;
    for (unsigned i = 0; i < kPatience && !(x86::in8(kLineStatus) & kHoldingEmpty); i++)
        x86::pause();
    x86::out8(kData, static_cast<std::uint8_t>(c));
}

inline void put(std::string_view text) {
    for (char c : text)
        put(c);
}

// 0 when there is none. A port that is absent reads as all ones, which would be a stream of bytes.
inline char get() {
    const std::uint8_t status = x86::in8(kLineStatus);
    if (status == 0xff || !(status & kDataReady))
        return 0;
    return static_cast<char>(x86::in8(kData));
}

} // namespace vmm::serial

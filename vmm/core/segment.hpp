// SPDX-License-Identifier: GPL-2.0-only
// Segment registers as a guest's state holds them, from the descriptors in its GDT. APM vol. 2, 4.7 and 4.8.
#pragma once

#include "vmm/base/bits.hpp"

namespace vmm {

struct SegmentState {
    std::uint16_t selector = 0;
    std::uint16_t attributes = 0; // descriptor bits 55:52 and 47:40, bit 7 is P
    std::uint32_t limit = 0;      // in bytes
    std::uint64_t base = 0;
};

constexpr SegmentState decode_segment(std::uint16_t selector, std::uint64_t descriptor) {
    constexpr std::uint64_t kGranularity = bit(55);
    const auto raw = static_cast<std::uint32_t>((descriptor & 0xffff) | (descriptor >> 32 & 0xf0000));
    return {selector, static_cast<std::uint16_t>((descriptor >> 40 & 0xff) | (descriptor >> 44 & 0xf00)),
            descriptor & kGranularity ? raw << 12 | 0xfff : raw,
            (descriptor >> 16 & 0xffffff) | (descriptor >> 32 & 0xff000000)};
}

} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
// Segment registers as a guest's state holds them, from the descriptors in its GDT. APM vol. 2, 4.7 and 4.8.
#pragma once

#include "vmm/base/bits.hpp"
#include "vmm/core/console_ram.hpp"

namespace vmm {

struct SegmentState {
    std::uint16_t selector = 0;
    std::uint16_t attributes = 0; // descriptor bits 55:52 and 47:40, bit 7 is P
    std::uint32_t limit = 0;      // in bytes
    std::uint64_t base = 0;
};

// Where a CPU's selectors point to.
struct SegmentTables {
    Paging paging;
    std::uint64_t gdtr_base;
};

constexpr SegmentState decode_segment(std::uint16_t selector, std::uint64_t descriptor) {
    constexpr std::uint64_t kGranularity = bit(55);
    const auto raw = static_cast<std::uint32_t>((descriptor & 0xffff) | (descriptor >> 32 & 0xf0000));
    return {selector, static_cast<std::uint16_t>((descriptor >> 40 & 0xff) | (descriptor >> 44 & 0xf00)),
            descriptor & kGranularity ? raw << 12 | 0xfff : raw,
            (descriptor >> 16 & 0xffffff) | (descriptor >> 32 & 0xff000000)};
}

// The segment behind a selector, from the console's GDT, which is read through its own translation. A null selector
// gives a segment that is not present.
inline Result<SegmentState> read_segment(const ConsoleRam &ram, const SegmentTables &tables, std::uint16_t selector) {
    constexpr std::uint16_t kIndexMask = 0xfff8;
    if ((selector & kIndexMask) == 0)
        return SegmentState{selector, 0, 0, 0};
    std::uint64_t descriptor[2] = {};
    const Gva at(tables.gdtr_base + (selector & kIndexMask));
    const unsigned read =
        TRY(ram.memory().fetch(tables.paging, at, reinterpret_cast<std::byte *>(descriptor), sizeof(descriptor)));
    if (read < sizeof(descriptor[0]))
        return Errc::NotPresent;
    SegmentState segment = decode_segment(selector, descriptor[0]);
    // That of a TSS or an LDT is twice as long, and its base as well: APM vol. 2, 4.8.3.
    constexpr std::uint64_t kIsCodeOrData = bit(44);
    if (!(descriptor[0] & kIsCodeOrData) && read == sizeof(descriptor))
        segment.base |= descriptor[1] << 32;
    return segment;
}

} // namespace vmm

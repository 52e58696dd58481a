// SPDX-License-Identifier: GPL-2.0-only
// MSR and I/O bitmaps, SDM vol. 3, 25.6.9 and 25.6.4. A set bit makes an exit.
#pragma once

#include "vmm/policy/msr.hpp"
#include "vmm/policy/port_bitmap.hpp"
#include "vmm/policy/vm_msr.hpp"

#include <span>

namespace vmm::vmx {

// The two pages of the I/O bitmap, A and B, follow one another. An access that goes past port 0xffff exits anyway
// (26.1.3), so there is no third.
inline constexpr unsigned kMsrMapPages = 1, kIoMapPages = 2;

struct MsrMapRange {
    std::uint32_t first;
    std::uint32_t read, write; // bytes into the map
};
inline constexpr std::uint32_t kMsrsPerRange = 0x2000;
inline constexpr MsrMapRange kMsrMapRanges[] = {{0, 0, 0x800}, {0xc0000000, 0x400, 0xc00}};

constexpr void intercept_msr(std::span<std::uint8_t> map, std::uint32_t index, bool read, bool write) {
    for (const MsrMapRange &range : kMsrMapRanges)
        if (const std::uint32_t at = index - range.first; at < kMsrsPerRange) {
            map[range.read + at / 8] |= static_cast<std::uint8_t>((read ? 1 : 0) << at % 8);
            map[range.write + at / 8] |= static_cast<std::uint8_t>((write ? 1 : 0) << at % 8);
        }
}

constexpr void pass_msr(std::span<std::uint8_t> map, std::uint32_t index, bool read, bool write) {
    for (const MsrMapRange &range : kMsrMapRanges)
        if (const std::uint32_t at = index - range.first; at < kMsrsPerRange) {
            map[range.read + at / 8] &= static_cast<std::uint8_t>(~((read ? 1 : 0) << at % 8));
            map[range.write + at / 8] &= static_cast<std::uint8_t>(~((write ? 1 : 0) << at % 8));
        }
}

// MSRs outside of the two ranges always exit and are handed through by the handler.
constexpr void fill_msr_map(std::span<std::uint8_t> map) {
    for (const policy::MsrRow &row : policy::kMsrRows)
        for (std::uint32_t index = row.first; index <= row.last; index++)
            intercept_msr(map, index, row.read != policy::MsrAction::Pass, row.write != policy::MsrAction::Pass);
}

// A VM reaches the MSRs that are switched with its world, and no others.
constexpr void fill_vm_msr_map(std::span<std::uint8_t> map, const ExtendedFeatures &features) {
    for (std::uint8_t &byte : map)
        byte = 0xff;
    for (const policy::SwitchedMsr &msr : policy::kSwitchedMsrs)
        if (msr.is_present(features))
            pass_msr(map, msr.index, msr.read, msr.write);
}

using policy::fill_io_map;

} // namespace vmm::vmx

// SPDX-License-Identifier: GPL-2.0-only
// MSR and I/O permission maps, APM vol. 2, 15.11 and 15.10.1. A set bit intercepts.
#pragma once

#include "vmm/policy/msr.hpp"
#include "vmm/policy/port_bitmap.hpp"
#include "vmm/policy/vm_msr.hpp"

#include <span>

namespace vmm::svm {

inline constexpr unsigned kMsrMapPages = 2, kIoMapPages = 3;

struct MsrMapRange {
    std::uint32_t first;
    std::uint32_t offset; // bytes into the map
};
inline constexpr std::uint32_t kMsrsPerRange = 0x2000;
inline constexpr MsrMapRange kMsrMapRanges[] = {{0, 0}, {0xc0000000, 0x800}, {0xc0010000, 0x1000}};

constexpr void intercept_msr(std::span<std::uint8_t> map, std::uint32_t index, bool read, bool write) {
    for (const MsrMapRange &range : kMsrMapRanges)
        if (index - range.first < kMsrsPerRange) {
            const std::uint32_t bit_index = 2 * (index - range.first);
            map[range.offset + bit_index / 8] |=
                static_cast<std::uint8_t>(((read ? 1 : 0) | (write ? 2 : 0)) << bit_index % 8);
        }
}

constexpr void pass_msr(std::span<std::uint8_t> map, std::uint32_t index, bool read, bool write) {
    for (const MsrMapRange &range : kMsrMapRanges)
        if (index - range.first < kMsrsPerRange) {
            const std::uint32_t bit_index = 2 * (index - range.first);
            map[range.offset + bit_index / 8] &=
                static_cast<std::uint8_t>(~(((read ? 1 : 0) | (write ? 2 : 0)) << bit_index % 8));
        }
}

// MSRs outside of the three ranges always exit and are handed through by the handler.
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

} // namespace vmm::svm

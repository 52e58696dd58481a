// SPDX-License-Identifier: GPL-2.0-only
// The VMM's own address space, built once at the launch by address_map.hpp.
#pragma once

#include "vmm/core/vmm.hpp"

namespace vmm {

// Builds vmm.host from the hand-over. Nothing is loaded; the bootstrap's tables are still in force.
Result<> build_address_space(Vmm &vmm);

constexpr std::uint64_t lapic_va() {
    return kDeviceVa;
}
constexpr std::uint64_t io_apic_va(unsigned index) {
    return kDeviceVa + (1 + index) * kPageSize;
}

} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/core/console_nested.hpp"
#include "vmm/svm/nested.hpp"
#include "vmm/svm/state.hpp"

namespace vmm::svm {

// What all CPUs share.
struct Shared {
    Hpa msr_map, io_map, vm_msr_map, vm_io_map;
    std::array<Asids, VMNIX_MAX_CPUS> asids;
    std::uint32_t asid_count = 0;
    Locked<ConsoleNested<NptFormat>, LockRank::NestedTables> nested;
};

extern Shared g_shared;

} // namespace vmm::svm

extern "C" void svm_run(vmm::World *world);

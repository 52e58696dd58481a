// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/core/console_nested.hpp"
#include "vmm/svm/nested.hpp"

namespace vmm::svm {

// What all CPUs share.
struct Shared {
    Hpa msr_map, io_map;
    Locked<ConsoleNested<NptFormat>, LockRank::NestedTables> nested;
};

extern Shared g_shared;

} // namespace vmm::svm

extern "C" void svm_run(vmm::World *world);

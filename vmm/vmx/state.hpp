// SPDX-License-Identifier: GPL-2.0-only
// What VT-x keeps per vCPU, in the backend's room of struct World.
#pragma once

#include "vmm/base/types.hpp"
#include "vmm/core/asm_offsets.h"

#include <array>
#include <cstddef>

namespace vmm::vmx {

// VPIDs of a CPU, handed out upwards; used up, all translations are flushed and a new generation begins. SDM vol. 3,
// 29.1.
inline constexpr std::uint32_t kConsoleVpid = 1, kFirstVmVpid = 2, kVpidEnd = 0x10000;
struct Vpids {
    std::uint32_t next = kFirstVmVpid, generation = 1;
};

// MSRs that the guest owns and no VMCS switches: system calls, and the other GS.
inline constexpr std::size_t kHiddenMsrs = 5;

struct State {
    bool launched;             // VMRESUME instead of VMLAUNCH; first, as the world switch reads it at WORLD_LAUNCHED
    bool loaded;               // the VMCS is current on world.cpu, and what no VMCS holds is in the CPU
    bool injected;             // the interrupt that is offered is in the VMCS; else it waits for the window
    std::uint8_t offered;      // its vector; 0 for none
    std::uint8_t acknowledged; // the vector with which the last exit came; 0 for none, or taken
    bool flush;                // the guest's translations are out of date
    bool flushed;              // they were flushed since the last exit; for the assertion build
    std::uint16_t vpid;
    std::uint32_t vpid_cpu, vpid_generation; // where and when a VM's VPID was handed out
    std::uint32_t processor;                 // ProcessorControls, as the VMCS has them
    std::uint32_t vectoring;                 // IdtVectoringInfo of the last exit
    Hpa vmcs;
    std::uint64_t ept_pointer;
    std::uint64_t cr2, dr6; // of a world that is not loaded, as those below
    std::array<std::uint64_t, kHiddenMsrs> hidden;
};

static_assert(offsetof(State, launched) + WORLD_BACKEND == WORLD_LAUNCHED);

} // namespace vmm::vmx

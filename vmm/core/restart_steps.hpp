// SPDX-License-Identifier: GPL-2.0-only
// What the first vCPU of a console that has ended does in the VMM, in steps of some hundred microseconds at most, each
// of them a turn that the scheduler gives it.
#pragma once

#include "vmnix/abi/hypercall/console.h"

#include <cstdint>

namespace vmm {

struct Cpu;

enum class RestartStep : std::uint8_t {
    Stop,       // until every vCPU has stopped
    Devices,    // a PCI bus at a time: no more DMA, no more messages; those that can are reset
    Resets,     // these get their addresses back
    Interrupts, // IO-APICs and 8259s
    Decide,     // what the policy says
    Held,       // until an operator decides
    Memory,     // what was arranged for the old kernel only
    Copy,       // the package, some pages at a time
    Begin,
};

struct RestartProgress {
    RestartStep step = RestartStep::Stop;
    unsigned bus = 0;
    unsigned restored = 0; // of the resets
    unsigned segment = 0;
    std::uint64_t copied = 0; // of the segment, bytes
    std::uint64_t checksum = VMNIX_CHECKSUM_BEGIN;
    std::uint64_t wait_until = 0; // TSC; before it there is nothing to do
    bool asked = false;           // the operator has been shown what there is to decide
};

// One step, on the first console CPU in host context. True: the vCPU can be entered, the next console begins.
bool restart_step(Cpu &cpu);

// Not before its time.
bool restart_waits(std::uint64_t now);

} // namespace vmm

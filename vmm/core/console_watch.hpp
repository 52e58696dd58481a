// SPDX-License-Identifier: GPL-2.0-only
// The watchdog of the console: a vCPU that runs and takes no interrupts is given an NMI, so that its kernel can say
// where it is, and when all have come to that the console is over. Counted in time that the vCPU ran: one that waits
// for its CPU has done nothing wrong.
#pragma once

#include <cstdint>

namespace vmm {

struct Cpu;

struct ConsoleWatch {
    std::uint64_t at = ~0ull; // TSC of the next look
    std::uint64_t signs = 0;  // of life, at the last look
    std::uint64_t run = 0;    // what it had run when they changed last
    bool warned = false;      // it was given an NMI
    bool stuck = false;
};

// At the beginning of a turn of the console's, and when the physical timer has reached watch.at or the heartbeat's
// time.
void watch_console(Cpu &cpu, std::uint64_t now);

// A hypercall by which the console tells something. True when it was asked by NMI, so that this is no sign of life.
bool answers_watchdog(Cpu &cpu);

} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <atomic>

#include "cpu.hpp"

// How many processors there are (CPUID 1: APIC IDs are their numbers).
unsigned cpu_count();
inline unsigned cpu_number() {
    return this_cpu().number;
}

// INIT and start-up messages to all others; returns when they wait for work.
void start_cpus();
// A processor that the trampoline has brought here.
[[noreturn]] void serve(unsigned number);

// Processor `number` runs `work(number)`, with interrupts off. It waits awake.
void give_work(unsigned number, void (*work)(unsigned));
bool is_busy(unsigned number);
// All run it, the caller too; returns when all have returned.
void run_on_all(void (*work)(unsigned));

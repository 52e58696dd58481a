// SPDX-License-Identifier: GPL-2.0-only
// Worlds and CPUs: whose turn it is, who sleeps until when, and waking. The scheduler's model (vmm/sched) decides; this
// carries it out.
#pragma once

#include "vmm/core/cpu.hpp"

namespace vmm {

// Something was posted to `to`: it shall look at it soon. `from` is the CPU that runs this.
void notify(Cpu &from, World &to);

// The world whose turn it is on this CPU; null when all sleep. Puts the current one to sleep first if it has nothing to
// do. The caller runs in host context and calls again after what it took while waiting.
World *choose(Cpu &cpu);

// The current world has nothing to do that it could name: others go first.
void yield(Cpu &cpu);

// Of a world that will not run again as it is. Under the scheduler's lock.
void forget_sleeper(World &world);

// What is due for worlds that sleep here, at the physical timer.
void wake_sleepers(Cpu &cpu, std::uint64_t now);

// Whether a world that executed HLT, or waits for its start-up message, has something to look at.
bool has_cause(World &world);

// The CPUs in `who` pick anew.
void reschedule(Cpu &from, const CpuMask &who);

// At the launch: the console's worlds enter the scheduler, and each is the current one of its CPU.
void add_console(std::span<Scheduler::Cpu> cpus, std::uint64_t now);
void start_console(Cpu &cpu, std::uint64_t now);

} // namespace vmm

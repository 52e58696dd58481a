// SPDX-License-Identifier: GPL-2.0-only
// Physical interrupts, the physical timer and messages between CPUs, on behalf of the virtual local APICs.
#pragma once

#include "vmm/core/cpu.hpp"

namespace vmm {

// The VMM's own vectors. Kernels use this range for interrupts that a CPU sends to itself or to others, and those never
// reach a physical APIC; still, a vector is the VMM's only when there is cause, and otherwise it is forwarded.
inline constexpr std::uint8_t kTimerVector = 0xf0, kKickVector = 0xf1;

// cpu.acknowledged is what the window took: settles it with the physical APIC and forwards it to the guest.
void take_interrupt(Cpu &cpu);

// Sets the physical timer for the virtual one's next deadline, or takes that deadline if it has passed.
void arm_timer(Cpu &cpu);

// Delivers what the console's vCPU on `from` sent.
void send_ipi(Cpu &from, const Ipi &ipi);

// A level-triggered interrupt ended in a guest: its pins may interrupt again.
void end_level_interrupt(std::uint8_t vector);

// Makes another CPU look into its mailbox. What it shall see must have been stored before.
void kick(Cpu &from, const Cpu &to);

// Posts an edge interrupt to a vCPU from any CPU, `from` being the one that runs this.
void post_interrupt(Cpu &from, Cpu &to, std::uint8_t vector);

// Physical registers that devices and pins act on follow the virtual ones.
void mirror_lapic(Cpu &cpu);

// The launch takes the physical APIC over, and gives it back when it is rolled back or at the end.
Result<> take_lapic(Cpu &cpu);
void return_lapic(Cpu &cpu, const LapicImage &image);
LapicImage read_lapic(const Cpu &cpu);

} // namespace vmm

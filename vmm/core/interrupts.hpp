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

// Sets the physical timer for whatever comes first: the current world's virtual timer, which is taken if it has passed,
// the console's, the end of the turn, or what worlds that sleep here wait for.
void arm_timer(Cpu &cpu);

// Delivers what a vCPU sent, to vCPUs of its own VM or of the console.
void send_ipi(World &from, const Ipi &ipi);
// Delivers what a device of a VM sent.
void send_message(Cpu &from, Vm &to, const Ipi &message);

// A level-triggered interrupt ended in a guest: its pins may interrupt again.
void end_level_interrupt(std::uint8_t vector);

void end_vm_level_interrupt(Cpu &cpu, Vm &vm, std::uint8_t vector);

// It died with the APIC that had taken it, and a guest APIC that is enabled now may take what was refused before.
void refuse_level_interrupt(std::uint8_t vector);
void retry_refused_interrupts();

// Makes another CPU exit and look at what was posted to its world. What it shall see must have been stored before.
void kick(Cpu &from, Cpu &to);
void order(Cpu &from, Cpu &to, Order what);

// Every CPU flushes its guest's translations before its next entry, and does not run on with old ones: the kick ends
// the present one. What it remembers of the VMM's own tables goes as well.
std::uint32_t flush_everywhere(Cpu &from);
// Every CPU has heard of what flush_everywhere() gave, and flushes before it runs the console again.
bool has_everyone_flushed(std::uint32_t generation);

// Posts an interrupt to a vCPU from any CPU, `from` being the one that runs this.
void post_interrupt(Cpu &from, World &to, std::uint8_t vector, bool level = false);

// Tells the console's driver that there is something to read.
void raise_event();

// Physical registers that devices and pins act on follow the virtual ones, all of them or one. The guest may be in
// another mode than the physical APIC: what x2APIC mode does not let one write is left out.
void mirror_lapic(World &console);
void mirror_register(Cpu &cpu, LapicRegister reg, std::uint32_t value);

// The launch: first the virtual APIC becomes what the physical one is, which is left as it was; past the point of no
// return the physical one becomes the VMM's. Unsupported: interrupts come from an 8259.
Result<> model_lapic(Cpu &cpu);
void own_lapic(Cpu &cpu);

// Leaving: no more timer interrupts of the VMM's, later the physical APIC becomes what the virtual one is.
void stop_timer(Cpu &cpu);
void return_lapic(Cpu &cpu);

} // namespace vmm

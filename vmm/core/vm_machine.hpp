// SPDX-License-Identifier: GPL-2.0-only
// The devices of a VM, and what comes out of them: interrupts, output, the end.
#pragma once

#include "vmm/core/vm.hpp"

namespace vmm {

// The 8259's interrupts reach the first vCPU through LINT0, as firmware wires it, or past a local APIC that is off.
inline bool accepts_external(World &world) {
    if (world.lapic.mode() == LapicMode::Disabled)
        return true;
    const auto lint0 = static_cast<std::uint32_t>(world.lapic.read(LapicRegister::LvtLint0, 0).value);
    return !lapic::LvtMasked::get(lint0) && lapic::LvtMode::get(lint0) == DeliveryMode::ExtInt;
}

// Carries out what the devices left. Without their lock.
void settle_machine(Cpu &cpu, Vm &vm);

// Runs `act` on the devices, under their lock, and carries out what follows from it.
template <class Do> [[gnu::always_inline]] inline void with_machine(Cpu &cpu, Vm &vm, Do act) {
    bool attention;
    {
        auto machine = vm.machine->lock();
        act(*machine);
        attention = machine->board.take_attention();
    }
    if (attention) [[unlikely]]
        settle_machine(cpu, vm);
}

// Timers of devices that are due.
void run_devices(Cpu &cpu, Vm &vm);

} // namespace vmm

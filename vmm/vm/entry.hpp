// SPDX-License-Identifier: GPL-2.0-only
// A VM's vCPU between an exit and the next entry, and at the beginning of its turn.
#pragma once

#include "vmm/core/schedule.hpp"
#include "vmm/core/vm_machine.hpp"
#include "vmm/exit/mail.hpp"
#include "vmm/vm/clock.hpp"

namespace vmm {

// The interrupt acknowledge cycle is made when the vector is offered, not when the guest takes it: the vector must be
// known by then. Only the guest's own reading of the 8259 in between can tell.
template <class V> [[gnu::noinline]] void offer_external(V v) {
    External &external = v.world().external;
    if (external.vector == 0 && external.asked && accepts_external(v.world()))
        with_machine(v.cpu(), *v.world().vm, [&](Machine &machine) {
            external.vector = machine.board.pic_intr() ? machine.board.pic_acknowledge() : 0;
            external.asked = machine.board.pic_intr();
        });
    if (external.vector != 0)
        v.offer_interrupt(external.vector);
}

template <class V> [[gnu::noinline]] void deliver_vm_events(V v) {
    deliver_events(v);
    if (v.world().external.any())
        offer_external(v);
}

inline bool has_vm_event(const World &world) {
    return world.guest_nmis != 0 || world.lapic.deliverable() || world.external.any();
}

// What the devices have for the first vCPU.
inline void look_at_devices(Cpu &cpu, World &world) {
    Vm &vm = *world.vm;
    if (x86::rdtsc() >= device_deadline(vm))
        run_devices(cpu, vm);
    world.external.asked = vm.external.load(std::memory_order_relaxed);
}

// Interrupts and NMIs of the machine are the console's: it takes the CPU when it sleeps.
template <class V> [[gnu::noinline]] bool take_vm_rare(V v) {
    World &world = v.world();
    Cpu &cpu = v.cpu();
    if ((cpu.arrived.nmis | cpu.arrived.machine_checks) != 0 && cpu.console.place.load() == kAsleep)
        notify(cpu, cpu.console);
    if (world.mailbox.any())
        take_mail(v);
    else if (cpu.arrived.reschedule != 0) // what its devices have is looked at when its next turn begins
        return false;
    if (world.number == 0)
        look_at_devices(cpu, world);
    return cpu.arrived.reschedule == 0 && world.vcpu_state != VMNIX_VCPU_WAIT_FOR_SIPI;
}

// False: the turn is over.
template <class V> [[gnu::always_inline]] inline bool prepare_vm_entry(V v) {
    World &world = v.world();
    if (v.cpu().arrived.any() || world.mailbox.any()) [[unlikely]]
        if (!take_vm_rare(v))
            return false;
    world.lapic.collect();
    if (has_vm_event(world)) [[unlikely]]
        deliver_vm_events(v);
    return true;
}

// False: it sleeps on. A kick ends one HLT; until then it is kept, be the vCPU preempted between its last look at the
// lock and its HLT.
inline bool end_halt(World &world) {
    if (!world.halted)
        return true;
    if (!has_cause(world))
        return false;
    world.halted = false;
    world.kicked.store(false);
    return true;
}

// False: it has nothing to do after all.
template <class V> bool begin_vm_turn(V v) {
    World &world = v.world();
    arm_timer(v.cpu());
    if (!take_vm_rare(v))
        return false;
    world.lapic.collect();
    if (!end_halt(world))
        return false;
    tell_steal_time(world, true);
    return prepare_vm_entry(v);
}

// After an exit: see settle_offer.
template <class V> [[gnu::noinline]] void settle_vm_offer(V v) {
    World &world = v.world();
    const MaybeVector vector = v.end_offer();
    if (!vector)
        return;
    if (*vector == world.external.vector)
        world.external.vector = 0;
    else
        world.lapic.acknowledge(*vector);
    world.stats.injected_interrupts++;
}

} // namespace vmm

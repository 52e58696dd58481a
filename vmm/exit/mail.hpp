// SPDX-License-Identifier: GPL-2.0-only
// What other CPUs asked of this one, looked at before every entry.
#pragma once

#include "vmm/core/traps.hpp"
#include "vmm/exit/apic.hpp"

namespace vmm {

// Level-triggered interrupts that die with a reset APIC get no EOI from the guest: their pins are to try again.
inline void end_dying_interrupts(World &world) {
    const VectorSet dying = world.lapic.level_pending();
    for (unsigned vector = kFirstLegalVector; vector < 256; vector++)
        if (dying.test(static_cast<std::uint8_t>(vector)))
            refuse_level_interrupt(static_cast<std::uint8_t>(vector));
}

template <class V> void take_init(V v) {
    World &world = v.world();
    v.enter_host_context();
    end_dying_interrupts(world);
    world.lapic.reset_init();
    mirror_lapic(world);
    arm_timer(world);
    v.reset();
    world.guest_nmis = 0;
    world.vcpu_state = VMNIX_VCPU_WAIT_FOR_SIPI;
}

template <class V> void take_sipi(V v) {
    World &world = v.world();
    if (world.vcpu_state != VMNIX_VCPU_WAIT_FOR_SIPI)
        return; // a second start-up, or one without INIT: ignored, as CPUs do
    v.enter_host_context();
    v.start_at(world.mailbox.sipi_vector);
    world.vcpu_state = VMNIX_VCPU_RUNNING;
}

inline void add_nmi(World &world) {
    if (world.guest_nmis < 2) // one in service, one held: more are lost in hardware too
        world.guest_nmis++;
}

template <class V> void take_mail(V v) {
    World &world = v.world();
    const std::uint32_t mail = world.mailbox.take();
    if (holds(mail, Mail::Stop))
        stop_for_panic();
    if (holds(mail, Mail::Init))
        take_init(v);
    if (holds(mail, Mail::Sipi))
        take_sipi(v);
    if (holds(mail, Mail::Nmi))
        add_nmi(world);
    if (holds(mail, Mail::Flush))
        v.request_flush();
}

// A vCPU after INIT executes nothing until its start-up message: the CPU sleeps here, taking what arrives.
template <class V> void wait_for_sipi(V v) {
    World &world = v.world();
    Cpu &cpu = v.cpu();
    while (world.vcpu_state == VMNIX_VCPU_WAIT_FOR_SIPI) {
        cpu.acknowledged = 0;
        if (!world.mailbox.any())
            v.acknowledge_wait();
        take_interrupt(cpu);
        world.lapic.collect();
        cpu.arrived.nmis = 0; // held back by hardware in this state, and the kernel that is to start has no handler yet
        take_mail(v);
    }
}

template <class V> [[gnu::noinline]] void take_rare(V v) {
    World &world = v.world();
    Cpu &cpu = v.cpu();
    for (; cpu.arrived.nmis != 0; cpu.arrived.nmis--)
        add_nmi(world);
    if (world.mailbox.any()) {
        take_mail(v);
        if (world.vcpu_state == VMNIX_VCPU_WAIT_FOR_SIPI)
            wait_for_sipi(v);
    }
    if (cpu.arrived.machine_checks != 0 && !v.event_queued()) {
        cpu.arrived.machine_checks--;
        v.inject(x86::Vector::MachineCheck);
    }
}

// Everything that happens between an exit and the next entry, whatever the exit was.
template <class V> [[gnu::always_inline]] inline void prepare_entry(V v) {
    World &world = v.world();
    Cpu &cpu = v.cpu();
    if (cpu.arrived.any() || world.mailbox.any()) [[unlikely]]
        take_rare(v);
    world.lapic.collect();
    if (world.guest_nmis != 0 || world.lapic.deliverable()) [[unlikely]]
        deliver_events(v);
}

} // namespace vmm

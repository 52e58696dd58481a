// SPDX-License-Identifier: GPL-2.0-only
// What other CPUs asked of this one, looked at before every entry.
#pragma once

#include "vmm/core/traps.hpp"
#include "vmm/exit/apic.hpp"

namespace vmm {

// Level-triggered interrupts that die with a reset APIC get no EOI from the guest: their pins are to try again.
inline void end_dying_interrupts(Cpu &cpu) {
    const VectorSet dying = cpu.lapic.level_pending();
    for (unsigned vector = kFirstLegalVector; vector < 256; vector++)
        if (dying.test(static_cast<std::uint8_t>(vector)))
            refuse_level_interrupt(static_cast<std::uint8_t>(vector));
}

template <class V> void take_init(V v) {
    Cpu &cpu = v.cpu();
    v.enter_host_context();
    end_dying_interrupts(cpu);
    cpu.lapic.reset_init();
    mirror_lapic(cpu);
    arm_timer(cpu);
    v.reset();
    cpu.guest_nmis = 0;
    cpu.vcpu_state = VMNIX_VCPU_WAIT_FOR_SIPI;
}

template <class V> void take_sipi(V v) {
    Cpu &cpu = v.cpu();
    if (cpu.vcpu_state != VMNIX_VCPU_WAIT_FOR_SIPI)
        return; // a second start-up, or one without INIT: ignored, as CPUs do
    v.enter_host_context();
    v.start_at(cpu.mailbox.sipi_vector);
    cpu.vcpu_state = VMNIX_VCPU_RUNNING;
}

inline void add_nmi(Cpu &cpu) {
    if (cpu.guest_nmis < 2) // one in service, one held: more are lost in hardware too
        cpu.guest_nmis++;
}

template <class V> void take_mail(V v) {
    Cpu &cpu = v.cpu();
    const std::uint32_t mail = cpu.mailbox.take();
    if (holds(mail, Mail::Stop))
        stop_for_panic();
    if (holds(mail, Mail::Init))
        take_init(v);
    if (holds(mail, Mail::Sipi))
        take_sipi(v);
    if (holds(mail, Mail::Nmi))
        add_nmi(cpu);
    if (holds(mail, Mail::Flush))
        v.request_flush();
}

// A vCPU after INIT executes nothing until its start-up message: the CPU sleeps here, taking what arrives.
template <class V> void wait_for_sipi(V v) {
    Cpu &cpu = v.cpu();
    while (cpu.vcpu_state == VMNIX_VCPU_WAIT_FOR_SIPI) {
        cpu.acknowledged = 0;
        if (!cpu.mailbox.any())
            v.acknowledge_wait();
        take_interrupt(cpu);
        cpu.lapic.collect();
        cpu.arrived.nmis = 0; // held back by hardware in this state, and the kernel that is to start has no handler yet
        take_mail(v);
    }
}

template <class V> [[gnu::noinline]] void take_rare(V v) {
    Cpu &cpu = v.cpu();
    for (; cpu.arrived.nmis != 0; cpu.arrived.nmis--)
        add_nmi(cpu);
    if (cpu.mailbox.any()) {
        take_mail(v);
        if (cpu.vcpu_state == VMNIX_VCPU_WAIT_FOR_SIPI)
            wait_for_sipi(v);
    }
    if (cpu.arrived.machine_checks != 0 && !v.event_queued()) {
        cpu.arrived.machine_checks--;
        v.inject(x86::Vector::MachineCheck);
    }
}

// Everything that happens between an exit and the next entry, whatever the exit was.
template <class V> [[gnu::always_inline]] inline void prepare_entry(V v) {
    Cpu &cpu = v.cpu();
    if (cpu.arrived.any() || cpu.mailbox.any()) [[unlikely]]
        take_rare(v);
    cpu.lapic.collect();
    if (cpu.guest_nmis != 0 || cpu.lapic.deliverable()) [[unlikely]]
        deliver_events(v);
}

} // namespace vmm

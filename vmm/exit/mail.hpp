// SPDX-License-Identifier: GPL-2.0-only
// What is looked at before every entry: what other CPUs asked of this one, and events for the guest.
#pragma once

#include "vmm/core/schedule.hpp"
#include "vmm/core/traps.hpp"
#include "vmm/core/vmm.hpp"
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
    if constexpr (!V::kIsVm)
        end_dying_interrupts(world);
    world.lapic.reset_init();
    if constexpr (!V::kIsVm)
        mirror_lapic(world);
    arm_timer(v.cpu());
    v.reset();
    world.guest_nmis = 0;
    world.halted = false;
    world.vcpu_state = VMNIX_VCPU_WAIT_FOR_SIPI;
}

template <class V> void take_sipi(V v) {
    World &world = v.world();
    if (world.vcpu_state != VMNIX_VCPU_WAIT_FOR_SIPI)
        return; // a second start-up, or one without INIT: ignored, as CPUs do
    v.enter_host_context();
    v.start_at(world.mailbox.sipi_vector);
    world.guest_nmis = 0; // of the time before
    world.vcpu_state = VMNIX_VCPU_RUNNING;
}

inline void add_nmi(World &world) {
    if (world.guest_nmis < 2) // one in service, one held: more are lost in hardware too
        world.guest_nmis++;
}

// The console is over. What else was posted to this vCPU is of the past; the first one has work to do.
template <class V> void take_end(V v) {
    World &world = v.world();
    v.enter_host_context();
    end_dying_interrupts(world);
    world.lapic.reset_power_up();
    mirror_lapic(world);
    v.reset();
    v.cpu().arrived.nmis = 0;
    v.cpu().arrived.machine_checks = 0;
    world.guest_nmis = 0;
    world.halted = world.halted_open = false;
    world.vcpu_state = world.number == 0 ? VMNIX_VCPU_RESTARTING : VMNIX_VCPU_WAIT_FOR_SIPI;
    arm_timer(v.cpu());
    g_vmm.console_life.to_stop--;
}

template <class V> void take_mail(V v) {
    World &world = v.world();
    const std::uint32_t mail = world.mailbox.take();
    if (holds(mail, Mail::Stop))
        stop_for_panic();
    if constexpr (!V::kIsVm)
        if (holds(mail, Mail::End)) [[unlikely]]
            return take_end(v);
    // First, as INIT and a start-up message drop it: it may have come before them, and what they start has no handler.
    if (holds(mail, Mail::Nmi))
        add_nmi(world);
    if (holds(mail, Mail::Init))
        take_init(v);
    if (holds(mail, Mail::Sipi))
        take_sipi(v);
    if (holds(mail, Mail::Flush))
        v.request_flush();
}

// False: the vCPU does not go on now. After INIT it executes nothing until its start-up message, and NMIs are held back
// by hardware in this state: the kernel that is to start has no handler yet.
template <class V> [[gnu::noinline]] bool take_rare(V v) {
    World &world = v.world();
    Cpu &cpu = v.cpu();
    if (g_vmm.panicking)
        stop_for_panic();
    if (world.vcpu_state != VMNIX_VCPU_RUNNING)
        (void)cpu.arrived.take_nmis();
    if (world.vcpu_state == VMNIX_VCPU_RESTARTING)
        cpu.arrived.drop_machine_checks();
    for (std::uint32_t nmis = cpu.arrived.take_nmis(); nmis != 0; nmis--)
        add_nmi(world);
    if (world.mailbox.any())
        take_mail(v);
    if (world.vcpu_state != VMNIX_VCPU_RUNNING)
        return false;
    if (cpu.arrived.machine_checks != 0 && !v.event_queued()) {
        cpu.arrived.take_machine_check();
        v.inject(x86::Vector::MachineCheck);
    }
    return cpu.arrived.reschedule == 0;
}

// Everything that happens between an exit and the next entry, whatever the exit was. False: the turn is over.
template <class V> [[gnu::always_inline]] inline bool prepare_entry(V v) {
    World &world = v.world();
    Cpu &cpu = v.cpu();
    if (cpu.arrived.any() || world.mailbox.any()) [[unlikely]]
        if (!take_rare(v))
            return false;
    world.lapic.collect();
    if (world.guest_nmis != 0 || world.lapic.deliverable()) [[unlikely]]
        deliver_events(v);
    return true;
}

// A turn of the console's first vCPU while there is no console. Between two steps comes what is pending for the CPU: it
// is not in a guest, so that nothing else would let it in.
template <class V> [[gnu::noinline]] bool take_restart_turn(V v) {
    Cpu &cpu = v.cpu();
    if (restart_step(cpu))
        return true;
    cpu.acknowledged = 0;
    v.acknowledge_window();
    take_interrupt(cpu);
    return false;
}

// False: it has nothing to do after all.
template <class V> bool begin_turn(V v) {
    World &world = v.world();
    watch_console(v.cpu(), x86::rdtsc());
    v.intercept_idle(g_vmm.vm_count.load(std::memory_order_relaxed) != 0);
    arm_timer(v.cpu());
    if ((v.cpu().arrived.any() || world.mailbox.any()) && !take_rare(v))
        return false;
    if (world.vcpu_state == VMNIX_VCPU_RESTARTING && !take_restart_turn(v)) [[unlikely]]
        return false;
    world.lapic.collect();
    if (world.vcpu_state == VMNIX_VCPU_WAIT_FOR_SIPI || (world.halted && !has_cause(world)))
        return false;
    world.halted = false;
    return prepare_entry(v);
}

} // namespace vmm

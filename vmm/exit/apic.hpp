// SPDX-License-Identifier: GPL-2.0-only
// Between the virtual local APIC's model and the machine: carrying out what a write asks for, taking physical
// interrupts, and handing what is pending to the guest.
#pragma once

#include "vmm/core/interrupts.hpp"
#include "vmm/exit/exit.hpp"

namespace vmm {

// Carries out what a write to the virtual APIC asks for. False: the access faults with #GP.
template <class V> bool perform(V v, const LapicEffect &effect) {
    using Kind = LapicEffect::Kind;
    World &world = v.world();
    switch (effect.kind) {
    case Kind::None:
        return true;
    case Kind::TimerChanged:
        arm_timer(v.cpu());
        return true;
    case Kind::EoiBroadcast:
        if constexpr (V::kIsVm)
            end_vm_level_interrupt(v.cpu(), *world.vm, effect.vector);
        else
            end_level_interrupt(effect.vector);
        return true;
    case Kind::SendIpi:
        send_ipi(world, effect.ipi);
        return true;
    case Kind::PhysicalWrite:
        if constexpr (!V::kIsVm)
            mirror_register(v.cpu(), effect.physical.reg, effect.physical.value);
        return true;
    case Kind::PhysicalAll:
    case Kind::ModeChanged:
        if constexpr (!V::kIsVm)
            mirror_lapic(world);
        arm_timer(v.cpu());
        if (!V::kIsVm && world.lapic.is_software_enabled())
            retry_refused_interrupts();
        return true;
    case Kind::GeneralProtection:
        break;
    }
    return false;
}

// A physical interrupt ended the guest's turn: take it from the physical APIC and forward what is not the VMM's own.
template <class V> Verdict handle_interrupt(V v) {
    v.cpu().acknowledged = 0;
    v.acknowledge_window();
    take_interrupt(v.cpu());
    return Verdict::Resume;
}

// The guest's next events: an NMI is injected when it can be taken, the most urgent interrupt is offered.
template <class V> [[gnu::noinline]] void deliver_events(V v) {
    World &world = v.world();
    if (world.guest_nmis != 0) {
        if (v.can_take_nmi()) {
            v.inject_nmi();
            world.guest_nmis--;
            world.stats.injected_nmis++;
        } else {
            v.open_nmi_window();
        }
    }
    if (const MaybeVector vector = world.lapic.deliverable())
        v.offer_interrupt(*vector);
}

// After an exit: what the guest took of the offer is in service now. What it did not take is offered anew, or
// something better, before the next entry. Nothing else of what follows in the queue needs a window: the end of this
// one's handler is an exit.
template <class V> [[gnu::noinline]] void settle_offer(V v) {
    if (const MaybeVector vector = v.end_offer()) {
        v.world().lapic.acknowledge(*vector);
        v.world().stats.injected_interrupts++;
    }
}

} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
// LapicEffect: what the caller has to do after a write to a virtual LAPIC.
#pragma once

#include "vmm/apic/ipi.hpp"
#include "vmm/apic/registers.hpp"

#include <cstdint>
#include <type_traits>

namespace vmm {

struct LapicEffect {
    enum class Kind : std::uint8_t {
        None,              // all done; look at deliverable() before entering the guest as always
        EoiBroadcast,      // a level-triggered `vector` ended: tell every virtual IO-APIC
        SendIpi,           // deliver `ipi`; a Fixed one has been accepted already where it addresses the sender itself
        TimerChanged,      // re-read timer_deadline() and program the physical timer
        PhysicalWrite,     // write `physical.value` to the physical LAPIC's register `physical.reg`
        PhysicalAll,       // the software enable bit changed: mirror all kMirroredRegisters, and as TimerChanged
        ModeChanged,       // IA32_APIC_BASE changed the mode: as PhysicalAll, and the trapped range or MSRs change
        GeneralProtection, // inject #GP(0), nothing changed
    };
    struct Physical {
        LapicRegister reg;
        std::uint32_t value;
    };

    // Only what goes with `kind` is ever set: the value is returned through memory, and for most writes that is one
    // store. (In two registers it would be put together on the stack first.)
    Kind kind;
    std::uint8_t vector; // EoiBroadcast
    Ipi ipi;             // SendIpi
    Physical physical;   // PhysicalWrite

    constexpr LapicEffect() : LapicEffect(Kind::None) {}
    constexpr LapicEffect(Kind what) : kind(what) {} // NOLINT(*-optin.cplusplus.UninitializedObject)
    static constexpr LapicEffect eoi(std::uint8_t vector) {
        LapicEffect effect(Kind::EoiBroadcast);
        effect.vector = vector;
        return effect;
    }
    static constexpr LapicEffect write_physical(LapicRegister reg, std::uint32_t value) {
        LapicEffect effect(Kind::PhysicalWrite);
        effect.physical = {reg, value};
        return effect;
    }
};
static_assert(sizeof(LapicEffect) > 16 && std::is_trivially_copyable_v<LapicEffect>);

} // namespace vmm

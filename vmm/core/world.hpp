// SPDX-License-Identifier: GPL-2.0-only
// A world is what a CPU runs: one vCPU with everything that is its own and no other's, of the console or of a VM.
#pragma once

#include "vmm/apic/virtual_lapic.hpp"
#include "vmm/core/asm_offsets.h"
#include "vmm/core/extended_state.hpp"
#include "vmm/core/mailbox.hpp"
#include "vmm/sched/scheduler.hpp"
#include "vmnix/abi/hypercall/hypercall.h"

#include <array>
#include <bit>
#include <cstddef>

namespace vmm {

struct Cpu;
struct Vm;

// Where a world is: the index of the CPU that it runs on, or one of these.
inline constexpr std::uint32_t kAsleep = ~0u, kReady = ~1u;

// Interrupts that bypass the local APIC.
struct External {
    std::uint8_t vector = 0; // acknowledged and not yet taken by the guest; 0 for none
    bool asked = false;      // the 8259 wants to interrupt
    bool any() const { return std::bit_cast<std::uint16_t>(*this) != 0; }
};

struct World {
    // Assembly knows these by asm_offsets.h.
    std::array<std::uint64_t, 16> gpr{}; // the guest's, by x86::Gpr
    static constexpr std::size_t kBackendRoom = 128;
    alignas(16) std::array<std::byte, kBackendRoom> backend_room{};

    Cpu *cpu = nullptr;                        // where it runs, or ran last
    Vm *vm = nullptr;                          // null: the console
    std::uint32_t number = 0;                  // vCPU, in the VM or the console
    std::atomic<std::uint32_t> place{kAsleep}; // see notify()
    bool halted = false;                       // executed HLT; ends with an event that the guest takes
    bool halted_open = false;                  // with IF=1: an interrupt is such an event
    External external;                         // of the VM's 8259, for its first vCPU
    std::uint64_t wake_at = ApicTimer::kNever; // asleep: TSC at which something of its own is due
    World *next_sleeper = nullptr;             // on the same CPU
    std::uint64_t steal_time = 0;              // where the guest wants it, with bit 0 for on; see vm/clock.hpp
    std::atomic<bool> kicked{false};           // by another vCPU, that it need not wait for a spin lock any longer
    SchedWorld sched;
    ExtendedState extended;
    VirtualLapic lapic;
    Mailbox mailbox;
    vmnix_vcpu_state vcpu_state = VMNIX_VCPU_RUNNING;
    std::uint32_t guest_nmis = 0; // to be injected, 0 to 2 as hardware holds one beside the one in service
    vmnix_cpu_stats stats{};

    // The backend's state lies in room that neutral code does not look into.
    template <class State> State &backend() {
        static_assert(sizeof(State) <= kBackendRoom);
        static_assert(alignof(State) <= 16);
        return *reinterpret_cast<State *>(backend_room.data()); // constructed by the backend in prepare()
    }
};

static_assert(offsetof(World, gpr) == WORLD_GPR && offsetof(World, backend_room) == WORLD_BACKEND);

} // namespace vmm

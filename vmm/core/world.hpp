// SPDX-License-Identifier: GPL-2.0-only
// A world is what a CPU runs: one vCPU with everything that is its own and no other's, of the console or of a VM.
#pragma once

#include "vmm/apic/virtual_lapic.hpp"
#include "vmm/core/asm_offsets.h"
#include "vmm/core/mailbox.hpp"
#include "vmnix/abi/hypercall/hypercall.h"

#include <array>
#include <cstddef>

namespace vmm {

struct Cpu;

struct World {
    // Assembly knows these by asm_offsets.h.
    std::array<std::uint64_t, 16> gpr{}; // the guest's, by x86::Gpr
    static constexpr std::size_t kBackendRoom = 128;
    alignas(16) std::array<std::byte, kBackendRoom> backend_room{};

    Cpu *cpu = nullptr; // where it runs
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

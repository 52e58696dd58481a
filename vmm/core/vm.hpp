// SPDX-License-Identifier: GPL-2.0-only
// A VM: its RAM, its worlds, its devices, and what became of it.
#pragma once

#include "vmm/core/console_ring.hpp"
#include "vmm/core/vm_memory.hpp"
#include "vmm/core/world.hpp"
#include "vmm/device/board.hpp"

namespace vmm {

// The devices, and the serial line's output that they make.
struct Machine {
    device::Board board;
    ConsoleRing console;
    bool wanted = false; // a reader found nothing: it is told when there is something
};

struct Vm {
    std::uint32_t id = 0;
    std::uint32_t flags = 0;
    std::uint32_t world_count = 0;
    std::array<World *, VMNIX_MAX_VM_VCPUS> world_list{};
    VmMemory memory;
    Hpa nested_root;
    std::uint64_t ram = 0;     // bytes
    std::uint64_t cleared = 0; // of it, by a reset that is under way
    std::uint64_t frames = 0;  // beside it, without the console's ring
    SchedGroup group;
    vmnix_vm_share share{};
    Locked<Machine, LockRank::Board> *machine = nullptr; // in a frame of its own
    char *definition = nullptr;                          // in a frame of its own
    std::uint32_t definition_size = 0, console_size = 0;
    std::uint64_t epoch = 0; // ns since 1970, at created_tsc
    std::uint64_t created_tsc = 0, started_tsc = 0, ended_tsc = 0;
    std::atomic<std::uint64_t> device_deadline{ApicTimer::kNever}; // TSC
    std::atomic<bool> external{false};                             // the 8259 asks for the first vCPU
    std::atomic<vmnix_vm_state> state{VMNIX_VM_STATE_CREATED};
    vmnix_vm_ending ending = VMNIX_VM_NOT_ENDED; // valid once state is ENDED
    char name[VMNIX_VM_NAME] = {}, reason[96] = {};
    std::uint8_t uuid[16] = {};

    bool resetting = false;

    std::span<World *const> worlds() const { return std::span(world_list).first(world_count); }
};
static_assert(sizeof(Vm) <= kPageSize && sizeof(World) <= kPageSize);
static_assert(sizeof(Locked<Machine, LockRank::Board>) <= kPageSize);

// Where the byte of a VM's RAM with this number lies.
constexpr Gpa address_of(std::uint64_t ram) {
    return Gpa(ram < VMNIX_VM_LOW_RAM ? ram : ram - VMNIX_VM_LOW_RAM + VMNIX_VM_HIGH_RAM);
}

// Nanoseconds since the VM was created, the clock of its devices.
std::uint64_t vm_clock(const Vm &vm, std::uint64_t tsc);

// TSC at which the VM's devices must be looked at.
inline std::uint64_t device_deadline(const Vm &vm) {
    return vm.device_deadline.load(std::memory_order_relaxed);
}

// It is over: no vCPU runs on. From any CPU; the first one decides. `reason` is for people.
void end_vm(Cpu &from, Vm &vm, vmnix_vm_ending ending, std::string_view reason);

} // namespace vmm

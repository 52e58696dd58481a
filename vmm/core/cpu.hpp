// SPDX-License-Identifier: GPL-2.0-only
// Everything that belongs to one CPU. It lies in the CPU's block (address_map.hpp), so that any
// code on that CPU's stack finds it from the stack pointer.
#pragma once

#include "vmm/core/address_map.hpp"
#include "vmm/core/asm_offsets.h"
#include "vmm/core/console_watch.hpp"
#include "vmm/core/world.hpp"
#include "vmm/decode/decode_cache.hpp"
#include "vmm/x86/descriptors.hpp"
#include "vmm/x86/physical_lapic.hpp"
#include "vmnix/abi/handover/handover.h"

#include <atomic>
#include <bit>

namespace vmm {

// What is to be looked at before the next entry, in one word. Events for the console that came while the VMM ran; its
// handlers count them.
struct Arrived {
    std::uint32_t nmis = 0;
    std::uint16_t machine_checks = 0;
    std::uint16_t reschedule = 0; // another world may deserve the CPU
    bool any() const { return std::bit_cast<std::uint64_t>(*this) != 0; }
    // At once, as one may arrive meanwhile where nothing holds them off.
    std::uint32_t take_nmis() { return std::atomic_ref(nmis).exchange(0, std::memory_order_relaxed); }
    void add_nmis(std::uint32_t count) { std::atomic_ref(nmis).fetch_add(count, std::memory_order_relaxed); }
    void add_machine_checks(std::uint32_t count) {
        std::atomic_ref(machine_checks).fetch_add(static_cast<std::uint16_t>(count), std::memory_order_relaxed);
    }
    void drop_machine_checks() { std::atomic_ref(machine_checks).store(0, std::memory_order_relaxed); }
    void take_machine_check() { std::atomic_ref(machine_checks).fetch_sub(1, std::memory_order_relaxed); }
};

// What other CPUs ask of a CPU, whatever world runs there. A kick comes with it.
enum class Order : std::uint32_t {
    Reschedule = 1 << 0,
    Flush = 1 << 1, // the console's translations, before its next entry
};

struct Cpu {
    // Assembly knows these by asm_offsets.h.
    std::uint32_t acknowledged = 0; // vector that the acknowledge window took; 0 for none
    std::uint32_t index = 0;
    Arrived arrived;
    bool unseen = false; // something has arrived since the last look; only where nothing holds NMIs off

    std::uint32_t apic_id = 0;
    std::uint32_t reset_edx = 0; // what INIT leaves in EDX: family, model, stepping
    vmnix_handover_cpu *handover = nullptr;
    x86::PhysicalLapic physical_lapic{false, 0};
    std::uint64_t timer_armed = ApicTimer::kNever; // TSC for which the physical timer is set
    bool timer_overdue = false;                    // it was unset when its interrupt may have been on its way
    std::atomic<std::uint32_t> kicks{0};           // sent to this CPU and not yet seen
    std::atomic<std::uint32_t> orders{0};          // enum Order
    std::atomic<std::uint32_t> flushed{0};         // the nested generation that this CPU has heard of
    World *current = nullptr;                      // whose turn it is; asleep, the console's
    std::uint64_t slice_end = ApicTimer::kNever;   // the scheduler's time
    std::uint64_t next_wake = ApicTimer::kNever;   // the earliest time among the worlds that sleep here
    // How far the launch is here: twice the enum vmnix_step that was begun, and one more at its rendezvous.
    std::atomic<std::uint32_t> launch_progress{2 * VMNIX_STEP_NONE};
    ConsoleWatch watch;
    DecodeCache decode_cache;
    World console; // the console's vCPU on this CPU
    x86::Gdt gdt{};
    x86::Tss tss{};

    std::uint64_t stack_top() const { return block() + kStackOffset + kStackSize; }
    std::uint64_t fault_stack_top() const { return block() + kFaultStackOffset + kFaultStackSize; }

  private:
    std::uint64_t block() const { return reinterpret_cast<std::uint64_t>(this) & ~(kCpuBlockSize - 1); }
};

static_assert(offsetof(Cpu, acknowledged) + kCpuOffset == CPU_ACKNOWLEDGED);
static_assert(offsetof(Cpu, arrived) + offsetof(Arrived, nmis) + kCpuOffset == CPU_NMIS);
static_assert(offsetof(Cpu, arrived) + offsetof(Arrived, machine_checks) + kCpuOffset == CPU_MACHINE_CHECKS);
static_assert(offsetof(Cpu, unseen) + kCpuOffset == CPU_UNSEEN);
static_assert(CPU_BLOCK_SIZE == kCpuBlockSize && CPU_IN_BLOCK == kCpuOffset);
static_assert(sizeof(Cpu) <= kCpuRoom);

inline Cpu *cpu_at(unsigned index) {
    return reinterpret_cast<Cpu *>(kCpuBlockVa + index * kCpuBlockSize + kCpuOffset); // address_map.hpp
}

// Null on a stack that is no CPU's, as during VMNIX_CALL_INIT.
inline Cpu *this_cpu_or_null() {
    std::uint64_t rsp;
    asm("mov %%rsp, %0" : "=r"(rsp));
    const std::uint64_t block = rsp & ~(kCpuBlockSize - 1);
    if (block < kCpuBlockVa || block >= kCpuBlockVa + VMNIX_MAX_CPUS * kCpuBlockSize)
        return nullptr;
    return reinterpret_cast<Cpu *>(block + kCpuOffset);
}

} // namespace vmm

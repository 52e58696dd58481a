// SPDX-License-Identifier: GPL-2.0-only
// What each processor has of its own. It is found by the stack pointer, the one register that programs leave alone.
#pragma once

#include "layout.h"
#include "x86.hpp"

#include <atomic>
#include <cstddef>

struct [[gnu::packed, gnu::aligned(4)]] TaskState { // SDM vol. 3, figure 8-11
    std::uint32_t reserved0;
    std::uint64_t rsp[3], reserved1, ist[7], reserved2;
    std::uint16_t reserved3, io_map;
};
static_assert(sizeof(TaskState) == 104);

struct Cpu {
    std::uint64_t recovery = 0; // 0: an exception is a failure
    std::uint64_t fault_code = 0, fault_address = 0, fault_rip = 0;
    std::uint32_t number = 0;
    std::atomic<void (*)(unsigned)> work{nullptr}; // see smp.hpp
    std::atomic<bool> busy{false};
    alignas(16) std::uint64_t gdt[8] = {};
    TaskState task = {};
};
static_assert(offsetof(Cpu, recovery) == CPU_RECOVERY && sizeof(Cpu) < 0x1000);

extern "C" std::byte cpu_areas[MOST_CPUS][CPU_AREA];

inline Cpu &cpu_at(unsigned number) {
    return *reinterpret_cast<Cpu *>(cpu_areas[number]); // constructed by set_up_cpu
}

inline Cpu &this_cpu() {
    std::uint64_t rsp;
    asm volatile("mov %%rsp, %0" : "=r"(rsp));
    return *reinterpret_cast<Cpu *>(rsp & ~std::uint64_t{CPU_AREA - 1});
}

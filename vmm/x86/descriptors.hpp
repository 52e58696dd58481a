// SPDX-License-Identifier: GPL-2.0-only
// The VMM's own GDT, TSS and IDT: hardware layouts of APM vol. 2, 4.8 and 12.2.5.
#pragma once

#include "vmm/base/types.hpp"

namespace vmm::x86 {

// Code and data are where the handed-over kernel has them too; core/switch_stub.cpp asserts it.
inline constexpr std::uint16_t kSelectorCode = 0x10, kSelectorData = 0x18, kSelectorTss = 0x20;

struct [[gnu::packed]] Tss {
    std::uint32_t reserved0;
    std::uint64_t rsp[3];
    std::uint64_t reserved1;
    std::uint64_t ist[7]; // ist[0] is "IST1"
    std::uint64_t reserved2;
    std::uint16_t reserved3;
    std::uint16_t io_map;
};
static_assert(sizeof(Tss) == 104);

struct [[gnu::packed]] TablePointer {
    std::uint16_t limit;
    std::uint64_t base;
};
static_assert(sizeof(TablePointer) == 10);

struct Gate {
    std::uint64_t low, high;
    static constexpr Gate interrupt(std::uint64_t target, unsigned ist) {
        return {(target & 0xffff) | std::uint64_t{kSelectorCode} << 16 | std::uint64_t{ist} << 32 | 0x8eull << 40 |
                    (target >> 16 & 0xffff) << 48,
                target >> 32};
    }
};
static_assert(sizeof(Gate) == 16);

// Null, nothing, code, data, and the two words of the TSS descriptor.
struct Gdt {
    std::uint64_t entry[6];
    void fill(const Tss &tss) {
        const auto base = reinterpret_cast<std::uint64_t>(&tss); // the address is what the descriptor holds
        entry[0] = entry[1] = 0;
        entry[kSelectorCode / 8] = 0x00af9b000000ffffull; // 64-bit code, accessed
        entry[kSelectorData / 8] = 0x00cf93000000ffffull; // data, writable, accessed
        entry[kSelectorTss / 8] =
            (sizeof(Tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
        entry[kSelectorTss / 8 + 1] = base >> 32;
    }
};

inline void load_gdt(const Gdt &gdt) {
    const TablePointer pointer{sizeof(Gdt) - 1, reinterpret_cast<std::uint64_t>(&gdt)};
    // The far return reloads CS from the new table; DS, ES and SS follow so that no console selector stays in force.
    asm volatile("lgdt %0\n\t"
                 "pushq %1\n\t"
                 "leaq 1f(%%rip), %%rax\n\t"
                 "pushq %%rax\n\t"
                 "lretq\n"
                 "1: movl %2, %%eax\n\t"
                 "movl %%eax, %%ds\n\t"
                 "movl %%eax, %%es\n\t"
                 "movl %%eax, %%ss"
                 :
                 : "m"(pointer), "i"(kSelectorCode), "i"(kSelectorData)
                 : "rax", "memory");
}

inline void load_idt(std::uint64_t base) {
    const TablePointer pointer{256 * sizeof(Gate) - 1, base};
    asm volatile("lidt %0" : : "m"(pointer));
}

// Tables with the same code and data segments: the selectors that are in force stay.
inline void load_tables(const TablePointer &gdt, const TablePointer &idt) {
    asm volatile("lidt %0\n\t"
                 "lgdt %1"
                 :
                 : "m"(idt), "m"(gdt));
}

inline void load_tr() {
    asm volatile("ltr %w0" : : "r"(std::uint32_t{kSelectorTss}));
}

} // namespace vmm::x86

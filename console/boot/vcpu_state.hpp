// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace console {

// Registers in the order of their x86 encoding.
enum class Gpr : std::size_t { Rax, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi, R8, R9, R10, R11, R12, R13, R14, R15 };

struct SegmentRegister {
    std::uint16_t selector = 0;
    std::uint16_t attributes = 0; // 12 bits packed as in the VMCB, APM volume 2, section 15.5
    std::uint32_t limit = 0;
    std::uint64_t base = 0;
};

struct TableRegister {
    std::uint32_t limit = 0;
    std::uint64_t base = 0;
};

// With what the first vCPU begins; the others wait for a start-up IPI.
struct VcpuState {
    std::array<std::uint64_t, 16> gpr{};
    std::uint64_t rip = 0;
    std::uint64_t rflags = 0;
    std::uint64_t cr0 = 0;
    std::uint64_t cr3 = 0;
    std::uint64_t cr4 = 0;
    std::uint64_t efer = 0;
    SegmentRegister cs, ds, es, ss, fs, gs, tr, ldtr;
    TableRegister gdtr, idtr;

    std::uint64_t &operator[](Gpr which) { return gpr[static_cast<std::size_t>(which)]; }
    std::uint64_t operator[](Gpr which) const { return gpr[static_cast<std::size_t>(which)]; }
};

// Linux's selectors (Documentation/arch/x86/boot.rst), which also suit PVH and multiboot, who name none.
inline constexpr std::uint16_t boot_code_selector = 0x10;
inline constexpr std::uint16_t boot_data_selector = 0x18;
using BootGdt = std::array<std::uint64_t, 4>;
inline constexpr BootGdt boot_gdt{0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff};

// 32-bit protected mode, flat segments, no paging, interrupts off: how all three protocols enter.
VcpuState flat_protected_mode(std::uint32_t entry, std::uint64_t gdt);

} // namespace console

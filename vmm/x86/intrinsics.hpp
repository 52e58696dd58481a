// SPDX-License-Identifier: GPL-2.0-only
// The privileged instructions, one function each. Each asm states all it touches; none is inlined into hosted tests,
// which compile the logic above and never these.
#pragma once

#include "vmm/base/types.hpp"

namespace vmm::x86 {

inline std::uint64_t rdmsr(std::uint32_t index) {
    std::uint32_t low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
    return std::uint64_t{high} << 32 | low;
}

inline void wrmsr(std::uint32_t index, std::uint64_t value) {
    asm volatile("wrmsr"
                 :
                 : "c"(index), "a"(static_cast<std::uint32_t>(value)), "d"(static_cast<std::uint32_t>(value >> 32))
                 : "memory");
}

// As above, but a #GP answers false instead of stopping the VMM: the fault handler resumes at vmm_safe_fault.
bool rdmsr_safe(std::uint32_t index, std::uint64_t &value);
bool wrmsr_safe(std::uint32_t index, std::uint64_t value);
bool xsetbv0_safe(std::uint64_t value);

// Not serialising: LFENCE orders it after earlier loads where a caller needs that.
inline std::uint64_t rdtsc() {
    std::uint32_t low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return std::uint64_t{high} << 32 | low;
}

struct CpuidResult {
    std::uint32_t eax, ebx, ecx, edx;
};

inline CpuidResult cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
    CpuidResult r;
    asm volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

#define VMM_CONTROL_REGISTER(name)                                                                                     \
    inline std::uint64_t read_##name() {                                                                               \
        std::uint64_t value;                                                                                           \
        asm volatile("mov %%" #name ", %0" : "=r"(value));                                                             \
        return value;                                                                                                  \
    }                                                                                                                  \
    inline void write_##name(std::uint64_t value) {                                                                    \
        asm volatile("mov %0, %%" #name : : "r"(value) : "memory");                                                    \
    }
VMM_CONTROL_REGISTER(cr0)
VMM_CONTROL_REGISTER(cr2)
VMM_CONTROL_REGISTER(cr3)
VMM_CONTROL_REGISTER(cr4)
VMM_CONTROL_REGISTER(dr0)
VMM_CONTROL_REGISTER(dr1)
VMM_CONTROL_REGISTER(dr2)
VMM_CONTROL_REGISTER(dr3)
VMM_CONTROL_REGISTER(dr6)
VMM_CONTROL_REGISTER(dr7)
#undef VMM_CONTROL_REGISTER

inline void invlpg(std::uint64_t address) {
    asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}

inline void pause() {
    asm volatile("pause");
}

inline void wbinvd() {
    asm volatile("wbinvd" : : : "memory");
}

inline void sti() {
    asm volatile("sti" : : : "memory");
}

inline void cli() {
    asm volatile("cli" : : : "memory");
}

inline void out8(std::uint16_t port, std::uint8_t value) {
    asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

inline std::uint8_t in8(std::uint16_t port) {
    std::uint8_t value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

// Port access of 1, 2 or 4 bytes, for ports that the VMM hands through.
inline std::uint32_t in(std::uint16_t port, unsigned size) {
    std::uint32_t value = 0;
    switch (size) {
    case 1:
        asm volatile("inb %1, %b0" : "+a"(value) : "Nd"(port));
        break;
    case 2:
        asm volatile("inw %1, %w0" : "+a"(value) : "Nd"(port));
        break;
    default:
        asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    }
    return value;
}

inline void out(std::uint16_t port, unsigned size, std::uint32_t value) {
    switch (size) {
    case 1:
        asm volatile("outb %b0, %1" : : "a"(value), "Nd"(port));
        break;
    case 2:
        asm volatile("outw %w0, %1" : : "a"(value), "Nd"(port));
        break;
    default:
        asm volatile("outl %0, %1" : : "a"(value), "Nd"(port));
    }
}

inline std::uint64_t xgetbv0() {
    std::uint32_t low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return std::uint64_t{high} << 32 | low;
}

// The caller knows that `value` is legal.
inline void xsetbv0(std::uint64_t value) {
    asm volatile("xsetbv"
                 :
                 : "c"(0), "a"(static_cast<std::uint32_t>(value)), "d"(static_cast<std::uint32_t>(value >> 32))
                 : "memory");
}

// `area` is 64-byte aligned and as large as CPUID says for `components`, which XCR0 has set: APM vol. 4, XSAVE.
inline void xsave(void *area, std::uint64_t components) {
    asm volatile("xsave64 (%0)"
                 :
                 : "r"(area), "a"(static_cast<std::uint32_t>(components)),
                   "d"(static_cast<std::uint32_t>(components >> 32))
                 : "memory");
}
inline void xrstor(const void *area, std::uint64_t components) {
    asm volatile("xrstor64 (%0)"
                 :
                 : "r"(area), "a"(static_cast<std::uint32_t>(components)),
                   "d"(static_cast<std::uint32_t>(components >> 32))
                 : "memory");
}
inline void fxsave(void *area) {
    asm volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}
inline void fxrstor(const void *area) {
    asm volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

} // namespace vmm::x86

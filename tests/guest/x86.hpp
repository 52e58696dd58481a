// SPDX-License-Identifier: GPL-2.0-only
// Instructions that C++ has no words for. Each names its operands completely; what touches memory says so.
#pragma once

#include <cstdint>

namespace x86 {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

namespace msr {
inline constexpr u32 ApicBase = 0x1b, SpecCtrl = 0x48, SysenterCs = 0x174, SysenterEsp = 0x175, SysenterEip = 0x176,
                     Pat = 0x277, TscDeadline = 0x6e0, X2apic = 0x800, Efer = 0xc0000080, Star = 0xc0000081,
                     Lstar = 0xc0000082, Cstar = 0xc0000083, Sfmask = 0xc0000084, FsBase = 0xc0000100,
                     GsBase = 0xc0000101, KernelGsBase = 0xc0000102, TscAux = 0xc0000103, KvmSystemTime = 0x4b564d01;
}

struct CpuidResult {
    u32 eax, ebx, ecx, edx;
};

inline CpuidResult cpuid(u32 leaf, u32 subleaf = 0) {
    CpuidResult r;
    asm volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

inline bool is_intel() {
    return cpuid(0).ecx == 0x6c65746e; // "ntel"
}

// A call of the VMM, by the vendor's instruction.
inline u64 vmcall(u64 rax) {
    asm volatile("vmcall" : "+a"(rax)::"memory");
    return rax;
}

inline u64 vmmcall(u64 rax) {
    asm volatile("vmmcall" : "+a"(rax)::"memory");
    return rax;
}

inline u64 rdtsc() {
    u32 low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return u64{high} << 32 | low;
}

inline u64 rdmsr(u32 index) {
    u32 low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index) : "memory");
    return u64{high} << 32 | low;
}

inline void wrmsr(u32 index, u64 value) {
    asm volatile("wrmsr" ::"c"(index), "a"(static_cast<u32>(value)), "d"(static_cast<u32>(value >> 32)) : "memory");
}

template <class T> inline T in(u16 port) {
    T value;
    asm volatile("in %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

template <class T> inline void out(u16 port, T value) {
    asm volatile("out %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

inline u8 in8(u16 port) {
    return in<u8>(port);
}

inline void out8(u16 port, u8 value) {
    out<u8>(port, value);
}

inline void sti() {
    asm volatile("sti" ::: "memory");
}

inline void cli() {
    asm volatile("cli" ::: "memory");
}

inline void hlt() {
    asm volatile("hlt" ::: "memory");
}

// No interrupt comes between the two: SDM vol. 2, STI.
inline void sti_hlt() {
    asm volatile("sti; hlt" ::: "memory");
}

inline void pause() {
    asm volatile("pause" ::: "memory");
}

inline void invlpg(u64 address) {
    asm volatile("invlpg (%0)" ::"r"(address) : "memory");
}

// A control or debug register by its name.
#define X86_REGISTER(name)                                                                                             \
    inline u64 read_##name() {                                                                                         \
        u64 value;                                                                                                     \
        asm volatile("mov %%" #name ", %0" : "=r"(value)::"memory");                                                   \
        return value;                                                                                                  \
    }                                                                                                                  \
    inline void write_##name(u64 value) {                                                                              \
        asm volatile("mov %0, %%" #name ::"r"(value) : "memory");                                                      \
    }
X86_REGISTER(cr0)
X86_REGISTER(cr2)
X86_REGISTER(cr3)
X86_REGISTER(cr4)
X86_REGISTER(cr8)
X86_REGISTER(dr0)
X86_REGISTER(dr1)
X86_REGISTER(dr2)
X86_REGISTER(dr3)
X86_REGISTER(dr6)
X86_REGISTER(dr7)
#undef X86_REGISTER

inline u64 xgetbv0() {
    u32 low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return u64{high} << 32 | low;
}

inline void xsetbv0(u64 value) {
    asm volatile("xsetbv" ::"c"(0), "a"(static_cast<u32>(value)), "d"(static_cast<u32>(value >> 32)) : "memory");
}

} // namespace x86

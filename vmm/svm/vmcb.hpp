// SPDX-License-Identifier: GPL-2.0-only
// The virtual machine control block. APM vol. 2, appendix B; names are the manual's.
#pragma once

#include "vmm/base/bits.hpp"

#include <cstddef>

namespace vmm::svm {

enum class ExitCode : std::uint64_t {
    ReadCr0 = 0x00,
    ReadCr8 = 0x08,
    WriteCr0 = 0x10,
    WriteCr8 = 0x18,
    Exception0 = 0x40,
    Intr = 0x60,
    Nmi = 0x61,
    Smi = 0x62,
    Init = 0x63,
    Rdpmc = 0x6f,
    Cpuid = 0x72,
    Iret = 0x74,
    Invd = 0x76,
    Hlt = 0x78,
    Invlpga = 0x7a,
    Ioio = 0x7b,
    Msr = 0x7c,
    FerrFreeze = 0x7e,
    Shutdown = 0x7f,
    Vmrun = 0x80,
    Vmmcall = 0x81,
    Vmload = 0x82,
    Vmsave = 0x83,
    Stgi = 0x84,
    Clgi = 0x85,
    Skinit = 0x86,
    Wbinvd = 0x89,
    Monitor = 0x8a,
    Mwait = 0x8b,
    Xsetbv = 0x8d,
    Npf = 0x400,
    Invalid = ~0ull,
};

// Intercept words 3 and 4 (offsets 00Ch and 010h).
namespace intercept {
inline constexpr std::uint32_t Intr = 1u << 0, Nmi = 1u << 1, Smi = 1u << 2, Init = 1u << 3, Rdpmc = 1u << 15,
                               Cpuid = 1u << 18, Iret = 1u << 20, Invd = 1u << 22, Hlt = 1u << 24, Invlpga = 1u << 26,
                               Ioio = 1u << 27, Msr = 1u << 28, FerrFreeze = 1u << 30, Shutdown = 1u << 31;
inline constexpr std::uint32_t Vmrun = 1u << 0, Vmmcall = 1u << 1, Vmload = 1u << 2, Vmsave = 1u << 3, Stgi = 1u << 4,
                               Clgi = 1u << 5, Skinit = 1u << 6, Wbinvd = 1u << 9, Monitor = 1u << 10, Mwait = 1u << 11,
                               Xsetbv = 1u << 13;
} // namespace intercept

// EVENTINJ and EXITINTINFO share a layout: APM vol. 2, 15.20 and 15.7.2.
namespace event {
using VectorField = Field<7, 0, std::uint8_t>;
using TypeField = Field<10, 8, std::uint8_t>;
inline constexpr std::uint64_t HasError = bit(11), Valid = bit(31);
using Error = Field<63, 32, std::uint32_t>;
enum Type : std::uint8_t { ExternalInterrupt = 0, NmiType = 2, Exception = 3, SoftwareInterrupt = 4 };
} // namespace event

// Virtual interrupt control, offset 060h.
namespace vintr {
using VTpr = Field<7, 0, std::uint8_t>;
inline constexpr std::uint64_t VIrq = bit(8), VIgnTpr = bit(20), VIntrMasking = bit(24);
using VIntrPrio = Field<19, 16, std::uint8_t>;
using VIntrVector = Field<39, 32, std::uint8_t>;
} // namespace vintr

enum class TlbControl : std::uint8_t { Nothing = 0, FlushAll = 1, FlushThisAsid = 3 };

// EXITINFO1 of a nested page fault, 15.25.6.
namespace npf {
inline constexpr std::uint64_t Present = bit(0), Write = bit(1), Execute = bit(4), FinalTranslation = bit(32);
}

// EXITINFO1 of an intercepted IN, OUT, INS or OUTS, 15.10.2. EXITINFO2 is the address of the next instruction.
namespace ioio {
inline constexpr std::uint64_t In = bit(0), String = bit(2), Rep = bit(3), Size8 = bit(4), Size16 = bit(5);
using Port = Field<31, 16, std::uint16_t>;
} // namespace ioio

struct Segment {
    std::uint16_t selector, attributes; // attributes: descriptor bits 55:52 and 47:40
    std::uint32_t limit;
    std::uint64_t base;
};
namespace attribute {
inline constexpr std::uint16_t Present = 1 << 7, Long = 1 << 9, Default = 1 << 10;
}

struct ControlArea {
    std::uint32_t intercept_cr, intercept_dr, intercept_exceptions, intercept3, intercept4, intercept5;
    std::uint8_t reserved1[0x3c - 0x18];
    std::uint16_t pause_threshold, pause_count;
    std::uint64_t iopm_base, msrpm_base, tsc_offset;
    std::uint32_t asid;
    TlbControl tlb_control;
    std::uint8_t reserved2[3];
    std::uint64_t vintr, interrupt_shadow, exit_code, exit_info1, exit_info2, exit_int_info, nested_control, avic_bar,
        ghcb, event_inj, n_cr3, lbr_control, clean, next_rip;
    std::uint8_t fetched_count, fetched[15];
    std::uint8_t reserved3[0x400 - 0xe0];
};

struct SaveArea {
    Segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
    std::uint8_t reserved1[0xcb - 0xa0];
    std::uint8_t cpl;
    std::uint8_t reserved2[4];
    std::uint64_t efer;
    std::uint8_t reserved3[0x148 - 0xd8];
    std::uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
    std::uint8_t reserved4[0x1d8 - 0x180];
    std::uint64_t rsp, s_cet, ssp, isst, rax, star, lstar, cstar, sfmask, kernel_gs_base, sysenter_cs, sysenter_esp,
        sysenter_eip, cr2;
    std::uint8_t reserved5[0x268 - 0x248];
    std::uint64_t g_pat, debug_control, br_from, br_to, last_excp_from, last_excp_to;
    std::uint8_t reserved6[0xc00 - 0x298];
};

struct Vmcb {
    ControlArea control;
    SaveArea save;
};

static_assert(offsetof(ControlArea, iopm_base) == 0x40 && offsetof(ControlArea, asid) == 0x58);
static_assert(offsetof(ControlArea, vintr) == 0x60 && offsetof(ControlArea, exit_code) == 0x70);
static_assert(offsetof(ControlArea, nested_control) == 0x90 && offsetof(ControlArea, event_inj) == 0xa8);
static_assert(offsetof(ControlArea, n_cr3) == 0xb0 && offsetof(ControlArea, next_rip) == 0xc8);
static_assert(offsetof(Vmcb, save) == 0x400);
static_assert(offsetof(SaveArea, cpl) == 0xcb && offsetof(SaveArea, efer) == 0xd0 && offsetof(SaveArea, cr4) == 0x148);
static_assert(offsetof(SaveArea, rip) == 0x178 && offsetof(SaveArea, rsp) == 0x1d8 && offsetof(SaveArea, rax) == 0x1f8);
static_assert(offsetof(SaveArea, cr2) == 0x240 && offsetof(SaveArea, g_pat) == 0x268);
static_assert(sizeof(Vmcb) == 4096);

} // namespace vmm::svm

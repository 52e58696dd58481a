// SPDX-License-Identifier: GPL-2.0-only
#include "switched_registers.hpp"

#include "x86.hpp"

namespace {

using namespace x86;

bool always() {
    return true;
}
bool has_tsc_aux() {
    return cpuid(0x80000001).edx >> 27 & 1;
}
bool has_spec_ctrl() { // IBRS, STIBP or SSBD: APM vol. 3, Fn8000_0008
    return cpuid(0x80000000).eax >= 0x80000008 && (cpuid(0x80000008).ebx & (1u << 14 | 1u << 15 | 1u << 24)) != 0;
}

template <std::uint32_t kIndex> std::uint64_t read_msr() {
    return rdmsr(kIndex);
}
template <std::uint32_t kIndex> void write_msr(std::uint64_t value) {
    wrmsr(kIndex, value);
}

constexpr std::uint64_t kAddress = 0x00007fffffffffff, kDword = 0xffffffff, kTypes = 0x0404040404040404; // PAT: UC, WT
constexpr std::uint64_t kNone = 0;

} // namespace

#define MSR(name, present, mask, fixed)                                                                                \
    { #name, present, mask, fixed, read_msr < msr::name>, write_msr < msr::name> }
// clang-format off
const SwitchedRegister switched_registers[] = {
    {"dr0", always, kAddress, 0, read_dr0, write_dr0},
    {"dr1", always, kAddress, 0, read_dr1, write_dr1},
    {"dr2", always, kAddress, 0, read_dr2, write_dr2},
    {"dr3", always, kAddress, 0, read_dr3, write_dr3},
    {"dr6", always, 0xf, 0xffff0ff0, read_dr6, write_dr6},
    {"dr7", always, 0x300, 0x400, read_dr7, write_dr7}, // no breakpoint is on: LE, GE
    {"cr2", always, ~kNone, 0, read_cr2, write_cr2},
    MSR(Star, always, ~kNone, 0),
    MSR(Lstar, always, kAddress, 0),
    MSR(Cstar, always, kAddress, 0),
    MSR(Sfmask, always, kDword, 0),
    MSR(FsBase, always, kAddress, 0),
    MSR(GsBase, always, kAddress, 0),
    MSR(KernelGsBase, always, kAddress, 0),
    MSR(SysenterCs, always, 0xffff, 0),
    MSR(SysenterEsp, always, kAddress, 0),
    MSR(SysenterEip, always, kAddress, 0),
    MSR(Pat, always, kTypes, 0),
    MSR(TscAux, has_tsc_aux, kDword, 0),
    MSR(SpecCtrl, has_spec_ctrl, 0x4, 0),
    {"cr8", always, 0x7, 0, read_cr8, write_cr8},
};
// clang-format on
const unsigned switched_register_count = sizeof(switched_registers) / sizeof(switched_registers[0]);

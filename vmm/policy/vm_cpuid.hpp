// SPDX-License-Identifier: GPL-2.0-only
// What a VM sees of CPUID: the hardware's answer less what a table takes away, and leaves that describe the VM itself.
#pragma once

#include "vmm/base/bits.hpp"
#include "vmm/x86/extended_features.hpp"
#include "vmm/x86/intrinsics.hpp"
#include "vmm/x86/kvm.hpp"
#include "vmm/x86/registers.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace vmm::policy {

struct VmCpuidContext {
    std::uint64_t cr4;
    std::uint32_t number, count; // vCPU, and how many there are
    bool apic_enabled;
    const ExtendedFeatures &features;
};

// Bits that are kept of a leaf's registers; leaves without a row that are not below are zero.
struct VmCpuidRow {
    std::uint32_t leaf, subleaf;
    std::uint32_t eax, ebx, ecx, edx;
    const char *why;
};

namespace vm_cpuid {
inline constexpr std::uint32_t kAny = ~0u;

constexpr std::uint32_t bits(auto... numbers) {
    return (0u | ... | (1u << numbers));
}
// Taken away. APM vol. 3, appendix E; SDM vol. 2, CPUID.
inline constexpr std::uint32_t kNo1Ecx = bits(2, 3, 4, 5, 6, 7, 8, 10, 14, 15, 18), // DTES64 to XTPR, PDCM, DCA
    kNo1Edx = bits(12, 21, 22, 28, 29, 31),                                         // MTRR, DS, ACPI, HTT, TM, PBE
    kNo7Ebx = bits(2, 4, 11, 12, 14, 15, 22, 25),                                   // SGX, HLE, RTM, PQM, MPX, PQE, PT
    kNo7Ecx = bits(5, 7, 13, 23, 29, 30, 31),         // WAITPKG, CET_SS, TME, KL, ENQCMD, SGX_LC, PKS
    kNo7Edx = bits(5, 9, 11, 18, 19, 20, 22, 24, 25), // UINTR, RTM, PCONFIG, LBR, CET_IBT, AMX
    kNoExtendedEcx = bits(1, 2, 3, 9, 10, 12, 13, 15, 16, 19, 21, 22, 23, 24, 26, 27, 28, 29), // CmpLegacy, SVM,
                                                                                               // IBS, TopoExt, counters
    kNoExtendedEdx = bits(12);
} // namespace vm_cpuid

// clang-format off
inline constexpr std::array kVmCpuidRows{
    VmCpuidRow{0x00000000, 0, ~0u, ~0u, ~0u, ~0u, "vendor; the highest leaf is cut below"},
    VmCpuidRow{0x00000001, 0, ~0u, 0x0000ffff, ~vm_cpuid::kNo1Ecx, ~vm_cpuid::kNo1Edx, "no MONITOR, power, debug store, MTRRs"},
    VmCpuidRow{0x00000002, 0, ~0u, ~0u, ~0u, ~0u, "caches"},
    VmCpuidRow{0x00000007, 0, 0, ~vm_cpuid::kNo7Ebx, ~vm_cpuid::kNo7Ecx, ~vm_cpuid::kNo7Edx, "no CET, AMX, PKS, trace, resource control"},
    VmCpuidRow{0x0000000d, 0, ~0u, ~0u, ~0u, ~0u, "sizes; components are cut below"},
    VmCpuidRow{0x0000000d, 1, 0x7, 0, 0, 0, "XSAVEOPT, XSAVEC, XGETBV1; XSS is not offered"},
    VmCpuidRow{0x0000000d, vm_cpuid::kAny, ~0u, ~0u, ~0u, ~0u, "components"},
    VmCpuidRow{0x80000000, 0, ~0u, ~0u, ~0u, ~0u, "the highest leaf is cut below"},
    VmCpuidRow{0x80000001, 0, ~0u, ~0u, ~vm_cpuid::kNoExtendedEcx, ~vm_cpuid::kNoExtendedEdx, "no SVM, IBS, counters, MTRRs"},
    VmCpuidRow{0x80000002, 0, ~0u, ~0u, ~0u, ~0u, "name"},
    VmCpuidRow{0x80000003, 0, ~0u, ~0u, ~0u, ~0u, "name"},
    VmCpuidRow{0x80000004, 0, ~0u, ~0u, ~0u, ~0u, "name"},
    VmCpuidRow{0x80000005, 0, ~0u, ~0u, ~0u, ~0u, "caches"},
    VmCpuidRow{0x80000006, 0, ~0u, ~0u, ~0u, ~0u, "caches"},
    VmCpuidRow{0x80000007, 0, 0, 0, 0, vm_cpuid::bits(8), "the TSC never stops"},
    VmCpuidRow{0x80000008, 0, 0x0000ffff, vm_cpuid::bits(0, 2, 9, 12, 14, 15, 24), 0, 0, "addresses, speculation controls"},
};
// clang-format on

inline constexpr std::uint32_t kVmLastLeaf = 0xd, kVmLastExtendedLeaf = 0x80000008;

constexpr bool before(std::uint32_t leaf, std::uint32_t subleaf, const VmCpuidRow &row) {
    return leaf < row.leaf || (leaf == row.leaf && subleaf < row.subleaf);
}
static_assert(std::is_sorted(kVmCpuidRows.begin(), kVmCpuidRows.end(),
                             [](auto &a, auto &b) { return before(a.leaf, a.subleaf, b); }));

inline constexpr std::uint32_t kKvmBase = 0x40000000, kKvmFeatures = 0x40000001;

inline x86::CpuidResult kvm_leaf(std::uint32_t leaf) {
    if (leaf == kKvmBase)
        return {kKvmFeatures, kKvmSignatureEbx, kKvmSignatureEcx, kKvmSignatureEdx};
    if (leaf == kKvmFeatures)
        return {kKvmNoIoDelay | kKvmClock2 | kKvmStealTimeBit | kKvmUnhalt | kKvmSendIpi | kKvmSchedYield |
                    kKvmClockStable,
                0, 0, 0};
    return {};
}

// Each vCPU is a core of one socket. SDM vol. 3, 9.9.
inline x86::CpuidResult topology_leaf(std::uint32_t subleaf, const VmCpuidContext &context) {
    constexpr std::uint32_t kThreads = 1u << 8, kCores = 2u << 8;
    if (subleaf == 0)
        return {0, 1, kThreads, context.number};
    if (subleaf == 1)
        return {static_cast<std::uint32_t>(std::bit_width(context.count - 1)), context.count, kCores | 1,
                context.number};
    return {0, 0, subleaf & 0xff, context.number};
}

inline void fix_vm_features(x86::CpuidResult &r, const VmCpuidContext &context) {
    constexpr std::uint32_t kApic = 1u << 9, kHtt = 1u << 28;
    constexpr std::uint32_t kX2apic = 1u << 21, kDeadline = 1u << 24, kXsave = 1u << 26, kOsxsave = 1u << 27,
                            kAvx = 1u << 28, kF16c = 1u << 29, kFma = 1u << 12, kHypervisor = 1u << 31;
    r.ebx |= context.number << 24 | context.count << 16;
    r.ecx = (r.ecx & ~kOsxsave) | kX2apic | kDeadline | kHypervisor;
    if (context.features.xcr0 == 0)
        r.ecx &= ~(kXsave | kAvx | kF16c | kFma);
    else if (context.cr4 & x86::cr4::OSXSAVE)
        r.ecx |= kOsxsave;
    r.edx = (r.edx & ~kApic) | (context.apic_enabled ? kApic : 0) | (context.count > 1 ? kHtt : 0);
}

inline void fix_vm_structured(x86::CpuidResult &r, const VmCpuidContext &context) {
    constexpr std::uint32_t kOspke = 1u << 4;
    r.ecx = (r.ecx & ~kOspke) | (context.cr4 & x86::cr4::PKE ? kOspke : 0);
}

// The room that XSAVEC needs for these components: SDM vol. 1, 13.4.3. The hardware's own answer counts what the
// console has enabled in IA32_XSS.
inline std::uint32_t compacted_size(std::uint64_t components) {
    constexpr std::uint32_t kLegacyAndHeader = 512 + 64, kAligned = 1u << 1;
    std::uint32_t size = kLegacyAndHeader;
    for (std::uint32_t i = 2; i < 63; ++i) {
        if (!(components >> i & 1))
            continue;
        const x86::CpuidResult component = x86::cpuid(0xd, i);
        if (component.ecx & kAligned)
            size = (size + 63) & ~63u;
        size += component.eax;
    }
    return size;
}

// Apart: a boot asks for it a few times, and the common leaves need not save registers for it.
[[gnu::noinline]] inline void fix_vm_extended_state(x86::CpuidResult &r, std::uint32_t subleaf, std::uint64_t offered) {
    constexpr std::uint32_t kXsavec = 1u << 1;
    if (subleaf == 0) {
        r.eax &= static_cast<std::uint32_t>(offered);
        r.edx = 0;
    } else if (subleaf == 1) {
        r.ebx = offered != 0 && (r.eax & kXsavec) ? compacted_size(x86::xgetbv0()) : 0;
    } else if (subleaf > 63 || !(offered >> subleaf & 1)) {
        r = {};
    }
}

inline void fix_vm_leaf(x86::CpuidResult &r, std::uint32_t leaf, std::uint32_t subleaf, const VmCpuidContext &context) {
    switch (leaf) {
    case 0:
        r.eax = kVmLastLeaf;
        return;
    case 1:
        return fix_vm_features(r, context);
    case 7:
        return fix_vm_structured(r, context);
    case 0xd:
        return fix_vm_extended_state(r, subleaf, context.features.xcr0);
    case 0x80000000:
        r.eax = std::min(r.eax, kVmLastExtendedLeaf);
        return;
    case 0x80000008:
        r.ecx = context.count - 1;
        return;
    default:
        return;
    }
}

[[gnu::always_inline]] inline x86::CpuidResult answer_vm_cpuid(std::uint32_t leaf, std::uint32_t subleaf,
                                                               const VmCpuidContext &context) {
    constexpr std::uint32_t kTopology = 0xb;
    if (leaf >> 28 == 4) [[unlikely]]
        return kvm_leaf(leaf);
    if (leaf == kTopology) [[unlikely]]
        return topology_leaf(subleaf, context);
    for (const VmCpuidRow &row : kVmCpuidRows) {
        const bool any_subleaf = row.subleaf == vm_cpuid::kAny || (leaf != 7 && leaf != 0xd);
        if (row.leaf != leaf || !(any_subleaf || row.subleaf == subleaf))
            continue;
        x86::CpuidResult r = x86::cpuid(leaf, subleaf);
        r.eax &= row.eax;
        r.ebx &= row.ebx;
        r.ecx &= row.ecx;
        r.edx &= row.edx;
        fix_vm_leaf(r, leaf, subleaf, context);
        return r;
    }
    return {};
}

} // namespace vmm::policy

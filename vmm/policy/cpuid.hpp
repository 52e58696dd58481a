// SPDX-License-Identifier: GPL-2.0-only
// What the console sees of CPUID: the hardware's answer, changed by one table whose rows say why.
#pragma once

#include "vmm/base/bits.hpp"
#include "vmm/x86/intrinsics.hpp"
#include "vmm/x86/kvm.hpp"
#include "vmm/x86/registers.hpp"
#include "vmnix/abi/hypercall/hypercall.h"

#include <algorithm>
#include <array>

namespace vmm::policy {

inline constexpr std::uint32_t kConsoleKvmBase = 0x40000100, kConsoleKvmFeatures = 0x40000101;

// What a row needs to know of the vCPU.
struct CpuidContext {
    std::uint64_t cr4;
    std::uint32_t vcpu;
    bool apic_enabled;
    bool restarted; // this console booted under the VMM
    bool x2apic;    // mode of the physical local APICs
};

struct CpuidRow {
    std::uint32_t leaf;
    std::uint32_t clear_ecx, clear_edx;
    const char *why;
};

inline constexpr std::uint32_t kFeatures = 1, kExtended = 0x80000001, kSvm = 0x8000000a;
inline constexpr std::uint32_t kSvmBit = 1u << 2, kMwaitxBit = 1u << 29, kSkinitBit = 1u << 12;
inline constexpr std::uint32_t kVmxBit = 1u << 5, kSmxBit = 1u << 6;

// Sorted by leaf; a leaf without a row is handed through.
inline constexpr std::array<CpuidRow, 3> kCpuidRows{{
    {kFeatures, kVmxBit | kSmxBit, 0, "the VMM uses VT-x itself and offers no nested virtualisation"},
    {kExtended, kSvmBit | kSkinitBit, 0, "the VMM uses SVM itself and offers no nested virtualisation"},
    {kSvm, ~0u, ~0u, "leaf of a feature that is not offered"},
}};
static_assert(std::is_sorted(kCpuidRows.begin(), kCpuidRows.end(), [](auto &a, auto &b) { return a.leaf < b.leaf; }));

// Leaves that answer for the vCPU rather than for the CPU: APM vol. 3, appendix E.
inline void fix_features(x86::CpuidResult &r, const CpuidContext &context) {
    constexpr std::uint32_t kApic = 1u << 9, kX2apic = 1u << 21, kOsxsave = 1u << 27, kHypervisor = 1u << 31;
    r.ecx = (r.ecx & ~kOsxsave) | (context.cr4 & x86::cr4::OSXSAVE ? kOsxsave : 0) | kHypervisor;
    if (context.restarted && !context.x2apic)
        r.ecx &= ~kX2apic; // a kernel that sees a VMM would take it, and could not be given such an APIC when it leaves
    r.edx = (r.edx & ~kApic) | (context.apic_enabled ? kApic : 0);
}

inline void fix_structured(x86::CpuidResult &r, const CpuidContext &context) {
    constexpr std::uint32_t kOspke = 1u << 4;
    r.ecx = (r.ecx & ~kOspke) | (context.cr4 & x86::cr4::PKE ? kOspke : 0);
}

// KVM's clock and no more, for a console that booted under the VMM: it cannot calibrate a clock on CPUs that it shares,
// and must be able to do without the VMM later.
inline x86::CpuidResult console_kvm_leaf(std::uint32_t leaf) {
    if (leaf == kConsoleKvmBase)
        return {kConsoleKvmFeatures, kKvmSignatureEbx, kKvmSignatureEcx, kKvmSignatureEdx};
    if (leaf == kConsoleKvmFeatures)
        return {kKvmNoIoDelay | kKvmClock2 | kKvmClockStable, 0, 0, 0};
    return {};
}

// The VMM's own leaves, 0x40000000 up. Unknown ones read zero.
inline x86::CpuidResult hypervisor_leaf(std::uint32_t leaf, const CpuidContext &context, std::uint64_t features) {
    if (leaf >= kConsoleKvmBase)
        return context.restarted ? console_kvm_leaf(leaf) : x86::CpuidResult{};
    if (leaf == VMNIX_CPUID_BASE)
        return {VMNIX_CPUID_VERSION, VMNIX_CPUID_EBX, VMNIX_CPUID_ECX, VMNIX_CPUID_EDX};
    if (leaf == VMNIX_CPUID_VERSION)
        return {VMNIX_HYPERCALL_ABI, VMNIX_HYPERCALL_ABI_OLDEST, static_cast<std::uint32_t>(features), context.vcpu};
    return {};
}

inline x86::CpuidResult answer_cpuid(std::uint32_t leaf, std::uint32_t subleaf, const CpuidContext &context,
                                     std::uint64_t features) {
    constexpr std::uint32_t kHypervisorFirst = 0x40000000, kHypervisorLast = 0x4fffffff, kStructured = 7;
    if (leaf >= kHypervisorFirst && leaf <= kHypervisorLast) [[unlikely]]
        return hypervisor_leaf(leaf, context, features);
    x86::CpuidResult r = x86::cpuid(leaf, subleaf);
    if (leaf == kFeatures)
        fix_features(r, context);
    else if (leaf == kStructured && subleaf == 0)
        fix_structured(r, context);
    if (leaf == kFeatures || leaf >= kExtended)
        for (const CpuidRow &row : kCpuidRows)
            if (row.leaf == leaf) {
                r.ecx &= ~row.clear_ecx;
                r.edx &= ~row.clear_edx;
                if (leaf == kSvm)
                    r.eax = r.ebx = 0;
            }
    return r;
}

} // namespace vmm::policy

// SPDX-License-Identifier: GPL-2.0-only
// The checks that a VM entry makes, SDM vol. 3, 27.2 and 27.3, as pure functions of a snapshot. Emulators do not make
// all of them: the launch asks before it commits, and the assertion build before every entry.
//
// Not here, as they need memory that a VMCS points at, or a control that the VMM never sets: VTPR, what the link
// pointer points at, VM functions, VMCS shadowing, #VE, sub-page permissions, CET, PKRS, Processor Trace, SMM.
#pragma once

#include "vmm/vmx/entry_check_guest.hpp"
#include "vmm/x86/intrinsics.hpp"

namespace vmm::vmx {

// What this CPU accepts.
inline EntryLimits entry_limits(const Capabilities &capabilities) {
    constexpr std::uint32_t kBusLockDetect = 1u << 24, kRtm = 1u << 11;
    const std::uint32_t bits = x86::cpuid(0x80000008).eax;
    const x86::CpuidResult features = x86::cpuid(7);
    return {capabilities, bits & 0xff, bits >> 8 & 0xff, (features.ecx & kBusLockDetect) != 0,
            (features.ebx & kRtm) != 0};
}

// Null when an entry would be accepted, otherwise what it would refuse first.
constexpr const char *entry_fault(const Vmcs &vmcs, const EntryLimits &limits) {
    if (const char *what = control_fault(vmcs, limits))
        return what;
    if (const char *what = host_fault(vmcs, limits))
        return what;
    return guest_fault(vmcs, limits);
}

} // namespace vmm::vmx

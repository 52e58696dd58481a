// SPDX-License-Identifier: GPL-2.0-only
// A VMCS as plain memory: what the checks of an entry look at. Which field goes where is one table.
#pragma once

#include "vmm/vmx/instructions.hpp"
#include "vmm/vmx/vmcs.hpp"

#include <array>

namespace vmm::vmx {

struct GuestSegment {
    std::uint64_t selector, limit, rights, base;
    constexpr bool usable() const { return !(rights & access_rights::Unusable); }
};

struct Vmcs {
    std::uint64_t pin, processor, secondary, exit, entry;
    std::uint64_t exception_bitmap, cr3_target_count, io_bitmap_a, io_bitmap_b, msr_bitmap, tpr_threshold, virtual_apic,
        apic_access, posted_vector, posted_descriptor, vpid, ept_pointer, pml_address, tsc_multiplier;
    std::uint64_t exit_store_count, exit_store_address, exit_load_count, exit_load_address, entry_load_count,
        entry_load_address, injected, injected_error, injected_length;

    std::uint64_t host_cr0, host_cr3, host_cr4, host_efer, host_pat, host_rsp, host_rip, host_sysenter_esp,
        host_sysenter_eip, host_fs_base, host_gs_base, host_tr_base, host_gdtr_base, host_idtr_base;
    std::uint64_t host_es, host_cs, host_ss, host_ds, host_fs, host_gs, host_tr;

    std::array<GuestSegment, 8> segments; // as SegmentIndex counts
    std::uint64_t gdtr_base, gdtr_limit, idtr_base, idtr_limit;
    std::uint64_t cr0, cr3, cr4, dr7, rsp, rip, rflags, efer, pat, debug_ctl, sysenter_esp, sysenter_eip;
    std::uint64_t interruptibility, activity, pending_debug, link_pointer;
    std::uint64_t pdpte0, pdpte1, pdpte2, pdpte3;

    constexpr GuestSegment &operator[](SegmentIndex i) { return segments[static_cast<std::size_t>(i)]; }
    constexpr const GuestSegment &operator[](SegmentIndex i) const { return segments[static_cast<std::size_t>(i)]; }
};

struct VmcsPlace {
    VmcsField field;
    std::uint64_t Vmcs::*member;
};

// clang-format off
inline constexpr std::array kVmcsPlaces{
    VmcsPlace{VmcsField::PinControls, &Vmcs::pin},
    VmcsPlace{VmcsField::ProcessorControls, &Vmcs::processor},
    VmcsPlace{VmcsField::SecondaryControls, &Vmcs::secondary},
    VmcsPlace{VmcsField::ExitControls, &Vmcs::exit},
    VmcsPlace{VmcsField::EntryControls, &Vmcs::entry},
    VmcsPlace{VmcsField::ExceptionBitmap, &Vmcs::exception_bitmap},
    VmcsPlace{VmcsField::Cr3TargetCount, &Vmcs::cr3_target_count},
    VmcsPlace{VmcsField::IoBitmapA, &Vmcs::io_bitmap_a},
    VmcsPlace{VmcsField::IoBitmapB, &Vmcs::io_bitmap_b},
    VmcsPlace{VmcsField::MsrBitmap, &Vmcs::msr_bitmap},
    VmcsPlace{VmcsField::TprThreshold, &Vmcs::tpr_threshold},
    VmcsPlace{VmcsField::VirtualApicPageAddress, &Vmcs::virtual_apic},
    VmcsPlace{VmcsField::ApicAccessAddress, &Vmcs::apic_access},
    VmcsPlace{VmcsField::PostedInterruptVector, &Vmcs::posted_vector},
    VmcsPlace{VmcsField::PostedInterruptDescriptor, &Vmcs::posted_descriptor},
    VmcsPlace{VmcsField::Vpid, &Vmcs::vpid},
    VmcsPlace{VmcsField::EptPointer, &Vmcs::ept_pointer},
    VmcsPlace{VmcsField::PmlAddress, &Vmcs::pml_address},
    VmcsPlace{VmcsField::TscMultiplier, &Vmcs::tsc_multiplier},
    VmcsPlace{VmcsField::VmExitMsrStoreCount, &Vmcs::exit_store_count},
    VmcsPlace{VmcsField::VmExitMsrStoreAddress, &Vmcs::exit_store_address},
    VmcsPlace{VmcsField::VmExitMsrLoadCount, &Vmcs::exit_load_count},
    VmcsPlace{VmcsField::VmExitMsrLoadAddress, &Vmcs::exit_load_address},
    VmcsPlace{VmcsField::VmEntryMsrLoadCount, &Vmcs::entry_load_count},
    VmcsPlace{VmcsField::VmEntryMsrLoadAddress, &Vmcs::entry_load_address},
    VmcsPlace{VmcsField::VmEntryInterruptionInfo, &Vmcs::injected},
    VmcsPlace{VmcsField::VmEntryExceptionErrorCode, &Vmcs::injected_error},
    VmcsPlace{VmcsField::VmEntryInstructionLength, &Vmcs::injected_length},
    VmcsPlace{VmcsField::HostCr0, &Vmcs::host_cr0},
    VmcsPlace{VmcsField::HostCr3, &Vmcs::host_cr3},
    VmcsPlace{VmcsField::HostCr4, &Vmcs::host_cr4},
    VmcsPlace{VmcsField::HostEfer, &Vmcs::host_efer},
    VmcsPlace{VmcsField::HostPat, &Vmcs::host_pat},
    VmcsPlace{VmcsField::HostRsp, &Vmcs::host_rsp},
    VmcsPlace{VmcsField::HostRip, &Vmcs::host_rip},
    VmcsPlace{VmcsField::HostSysenterEsp, &Vmcs::host_sysenter_esp},
    VmcsPlace{VmcsField::HostSysenterEip, &Vmcs::host_sysenter_eip},
    VmcsPlace{VmcsField::HostFsBase, &Vmcs::host_fs_base},
    VmcsPlace{VmcsField::HostGsBase, &Vmcs::host_gs_base},
    VmcsPlace{VmcsField::HostTrBase, &Vmcs::host_tr_base},
    VmcsPlace{VmcsField::HostGdtrBase, &Vmcs::host_gdtr_base},
    VmcsPlace{VmcsField::HostIdtrBase, &Vmcs::host_idtr_base},
    VmcsPlace{VmcsField::HostEsSelector, &Vmcs::host_es},
    VmcsPlace{VmcsField::HostCsSelector, &Vmcs::host_cs},
    VmcsPlace{VmcsField::HostSsSelector, &Vmcs::host_ss},
    VmcsPlace{VmcsField::HostDsSelector, &Vmcs::host_ds},
    VmcsPlace{VmcsField::HostFsSelector, &Vmcs::host_fs},
    VmcsPlace{VmcsField::HostGsSelector, &Vmcs::host_gs},
    VmcsPlace{VmcsField::HostTrSelector, &Vmcs::host_tr},
    VmcsPlace{VmcsField::GuestGdtrBase, &Vmcs::gdtr_base},
    VmcsPlace{VmcsField::GuestGdtrLimit, &Vmcs::gdtr_limit},
    VmcsPlace{VmcsField::GuestIdtrBase, &Vmcs::idtr_base},
    VmcsPlace{VmcsField::GuestIdtrLimit, &Vmcs::idtr_limit},
    VmcsPlace{VmcsField::GuestCr0, &Vmcs::cr0},
    VmcsPlace{VmcsField::GuestCr3, &Vmcs::cr3},
    VmcsPlace{VmcsField::GuestCr4, &Vmcs::cr4},
    VmcsPlace{VmcsField::GuestDr7, &Vmcs::dr7},
    VmcsPlace{VmcsField::GuestRsp, &Vmcs::rsp},
    VmcsPlace{VmcsField::GuestRip, &Vmcs::rip},
    VmcsPlace{VmcsField::GuestRflags, &Vmcs::rflags},
    VmcsPlace{VmcsField::GuestEfer, &Vmcs::efer},
    VmcsPlace{VmcsField::GuestPat, &Vmcs::pat},
    VmcsPlace{VmcsField::GuestDebugCtl, &Vmcs::debug_ctl},
    VmcsPlace{VmcsField::GuestSysenterEsp, &Vmcs::sysenter_esp},
    VmcsPlace{VmcsField::GuestSysenterEip, &Vmcs::sysenter_eip},
    VmcsPlace{VmcsField::GuestInterruptibility, &Vmcs::interruptibility},
    VmcsPlace{VmcsField::GuestActivity, &Vmcs::activity},
    VmcsPlace{VmcsField::PendingDebugExceptions, &Vmcs::pending_debug},
    VmcsPlace{VmcsField::VmcsLinkPointer, &Vmcs::link_pointer},
    VmcsPlace{VmcsField::GuestPdpte0, &Vmcs::pdpte0},
    VmcsPlace{VmcsField::GuestPdpte1, &Vmcs::pdpte1},
    VmcsPlace{VmcsField::GuestPdpte2, &Vmcs::pdpte2},
    VmcsPlace{VmcsField::GuestPdpte3, &Vmcs::pdpte3},
};
// clang-format on

// `read` answers zero for a field that this CPU does not have.
template <class Read> constexpr Vmcs snapshot(Read read) {
    Vmcs vmcs{};
    for (const VmcsPlace &place : kVmcsPlaces)
        vmcs.*place.member = read(place.field);
    for (std::size_t i = 0; i < vmcs.segments.size(); i++) {
        const SegmentIndex s{static_cast<std::uint8_t>(i)};
        vmcs[s] = {read(field_of(VmcsField::GuestEsSelector, s)), read(field_of(VmcsField::GuestEsLimit, s)),
                   read(field_of(VmcsField::GuestEsAccessRights, s)), read(field_of(VmcsField::GuestEsBase, s))};
    }
    return vmcs;
}

// Of the current VMCS.
inline Vmcs current_vmcs() {
    return snapshot([](VmcsField field) {
        const Result<std::uint64_t> value = vmread_safe(field);
        return value ? *value : 0;
    });
}

} // namespace vmm::vmx

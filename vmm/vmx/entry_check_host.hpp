// SPDX-License-Identifier: GPL-2.0-only
// The checks of an entry on controls and host state: what they refuse is an instruction that fails, with error 7 or 8.
#pragma once

#include "vmm/vmx/controls.hpp"
#include "vmm/vmx/snapshot.hpp"

#include <span>

namespace vmm::vmx {

constexpr bool sign_extended(std::uint64_t address, unsigned bits) {
    const unsigned unused = 64 - bits;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(address << unused) >> unused) == address;
}

struct EntryLimits {
    Capabilities capabilities;
    unsigned physical_bits, linear_bits;
    bool bus_locks = true, rtm = true; // can be trapped; exists

    constexpr bool fits(std::uint64_t address) const { return address >> physical_bits == 0; }
    // `alignment` is a power of two; `bytes` from the address on are all there.
    constexpr bool physical(std::uint64_t address, std::uint64_t alignment, std::uint64_t bytes) const {
        return address % alignment == 0 && fits(address) && fits(address + bytes - 1);
    }
    constexpr bool page(std::uint64_t address) const { return physical(address, 4096, 4096); }
    constexpr bool canonical(std::uint64_t address) const { return sign_extended(address, linear_bits); }
};

// Of RIP a bit less is asked than of other addresses: that it may follow the last canonical one (27.3.1.4).
constexpr bool rip_is_valid(std::uint64_t rip, const EntryLimits &limits) {
    const std::uint64_t high = rip >> limits.linear_bits;
    return high == 0 || high == ~0ull >> limits.linear_bits;
}

struct EntryCheck {
    bool broken;
    const char *what;
};
constexpr const char *first_broken(std::span<const EntryCheck> checks) {
    for (const EntryCheck &check : checks)
        if (check.broken)
            return check.what;
    return nullptr;
}

constexpr bool controls_allowed(std::uint64_t value, std::uint64_t capability) {
    return (must_be_one(capability) & ~value) == 0 && (value & ~std::uint64_t{may_be_one(capability)}) == 0;
}
constexpr bool fixed_bits_hold(std::uint64_t value, std::uint64_t ones, std::uint64_t allowed) {
    return (ones & ~value) == 0 && (value & ~allowed) == 0;
}
// Memory types of a PAT: bytes of 0, 1 and 4 to 7. SDM vol. 3, 12.12.2.
constexpr bool pat_is_valid(std::uint64_t pat) {
    for (; pat != 0; pat >>= 8)
        if ((pat & 0xf8) != 0 || (pat & 0xfe) == 2)
            return false;
    return true;
}
inline constexpr std::uint64_t kIntelEfer = x86::efer::SCE | x86::efer::LME | x86::efer::LMA | x86::efer::NXE;

// A list of MSRs that are stored or loaded: 16 bytes each. 27.2.1.2.
constexpr bool msr_list_is_valid(const EntryLimits &limits, std::uint64_t count, std::uint64_t address) {
    return count == 0 || limits.physical(address, 16, 16 * count);
}

// Secondary controls count only when they are activated.
constexpr std::uint64_t secondary_of(const Vmcs &v) {
    return v.processor & processor::Secondary ? v.secondary : 0;
}
constexpr bool unrestricted(const Vmcs &v) {
    return secondary_of(v) & secondary::UnrestrictedGuest;
}

constexpr const char *eptp_fault(std::uint64_t pointer, const EntryLimits &limits) {
    const std::uint64_t has = limits.capabilities.ept_vpid;
    const std::uint8_t type = eptp::MemoryType::get(pointer), walk = eptp::WalkLess1::get(pointer);
    const std::uint64_t reserved = has & ept_vpid::SupervisorShadowStacks ? 0xf00 : 0xf80;
    const EntryCheck checks[] = {
        {!(type == eptp::kWriteBack && (has & ept_vpid::WriteBack)) &&
             !(type == eptp::kUncacheable && (has & ept_vpid::Uncacheable)),
         "the EPT pointer has a memory type that the CPU lacks"},
        {!(walk == 3 && (has & ept_vpid::FourLevels)) && !(walk == 4 && (has & ept_vpid::FiveLevels)),
         "the EPT pointer has a number of levels that the CPU lacks"},
        {(pointer & eptp::AccessedAndDirty) && !(has & ept_vpid::AccessedAndDirty),
         "the EPT pointer asks for accessed and dirty bits that the CPU lacks"},
        {(pointer & reserved) != 0 || !limits.fits(pointer), "the EPT pointer has reserved bits"},
    };
    return first_broken(checks);
}

// Whether an exception of this vector comes with an error code: SDM vol. 3, table 6-1. That of CET exists with it.
constexpr bool pushes_error(std::uint8_t vector, const Capabilities &c) {
    return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 ||
           (vector == 21 && (c.cr4_fixed1 & x86::cr4::CET));
}

// 27.2.1.3: the event that is injected.
constexpr const char *injection_fault(const Vmcs &v, const EntryLimits &limits) {
    using interruption::Type;
    constexpr std::uint64_t kErrorCodesAreFree = bit(56); // of IA32_VMX_BASIC
    if (!(v.injected & interruption::Valid))
        return nullptr;
    const Type type = interruption::TypeField::get(v.injected);
    const std::uint8_t vector = interruption::Vector::get(v.injected);
    const bool error = v.injected & interruption::HasError, soft = interruption::is_software(type);
    const bool real_mode = unrestricted(v) && !(v.cr0 & x86::cr0::PE), hard = type == Type::HardwareException;
    const bool trap_flag = may_be_one(limits.capabilities.processor) & processor::MonitorTrapFlag;
    const bool free = limits.capabilities.basic & kErrorCodesAreFree;
    const bool zero = limits.capabilities.misc & misc::ZeroLengthInjection;
    const EntryCheck checks[] = {
        {type == Type::Reserved || (type == Type::OtherEvent && !trap_flag), "an event of a reserved type is injected"},
        {type == Type::Nmi && vector != 2, "an NMI of another vector than 2 is injected"},
        {hard && vector > 31, "an exception of an impossible vector is injected"},
        {type == Type::OtherEvent && vector != 0, "an event of an impossible vector is injected"},
        {error && (!hard || real_mode), "an event that has none is injected with an error code"},
        {hard && !real_mode && !free && error != pushes_error(vector, limits.capabilities),
         "an exception is injected with an error code that it lacks, or without its own"},
        {(v.injected & interruption::kEntryReserved) != 0, "an event is injected with reserved bits"},
        {error && v.injected_error >> 16 != 0, "an error code of more than 16 bits is injected"},
        {soft && (v.injected_length > 15 || (v.injected_length == 0 && !zero)),
         "a software event is injected with an impossible length"},
    };
    return first_broken(checks);
}

// 27.2.1.1: controls of interrupts and of the virtual APIC.
constexpr const char *apic_control_fault(const Vmcs &v, const EntryLimits &limits) {
    const std::uint64_t second = secondary_of(v);
    const bool shadow = v.processor & processor::TprShadow, posted = v.pin & pin::PostedInterrupts;
    const bool delivery = second & secondary::VirtualInterruptDelivery;
    const EntryCheck checks[] = {
        {shadow && !limits.page(v.virtual_apic), "the virtual APIC page is beyond memory"},
        {shadow && !delivery && v.tpr_threshold >> 4 != 0, "the TPR threshold has reserved bits"},
        {!shadow && (second & (secondary::X2apicMode | secondary::ApicRegisters | secondary::VirtualInterruptDelivery)),
         "the APIC is virtualised without a TPR shadow"},
        {!(v.pin & pin::Nmi) && (v.pin & pin::VirtualNmis), "virtual NMIs without NMI exiting"},
        {!(v.pin & pin::VirtualNmis) && (v.processor & processor::NmiWindow),
         "NMI-window exiting without virtual NMIs"},
        {(second & secondary::ApicAccesses) && !limits.page(v.apic_access), "the APIC access page is beyond memory"},
        {(second & secondary::ApicAccesses) && (second & secondary::X2apicMode),
         "the APIC is virtualised in two modes at once"},
        {delivery && !(v.pin & pin::ExternalInterrupt), "virtual interrupts without external-interrupt exiting"},
        {posted && !(delivery && (v.exit & exit_control::AcknowledgeInterrupt)),
         "posted interrupts without what they need"},
        {posted && v.posted_vector > 255, "the vector of posted interrupts is above 255"},
        {posted && !limits.physical(v.posted_descriptor, 64, 64), "the descriptor of posted interrupts is misplaced"},
    };
    return first_broken(checks);
}

// 27.2.1
constexpr const char *control_fault(const Vmcs &v, const EntryLimits &limits) {
    const Capabilities &c = limits.capabilities;
    const std::uint64_t second = secondary_of(v);
    const bool ept = second & secondary::Ept, io = v.processor & processor::IoBitmaps;
    const EntryCheck checks[] = {
        {!controls_allowed(v.pin, c.pin), "pin-based controls that the CPU does not allow"},
        {!controls_allowed(v.processor, c.processor), "processor-based controls that the CPU does not allow"},
        {(v.processor & processor::Secondary) && !controls_allowed(v.secondary, c.secondary),
         "secondary controls that the CPU does not allow"},
        {v.cr3_target_count > 4, "more than 4 CR3 targets"},
        {io && !(limits.page(v.io_bitmap_a) && limits.page(v.io_bitmap_b)), "the I/O bitmap is beyond memory"},
        {(v.processor & processor::MsrBitmaps) && !limits.page(v.msr_bitmap), "the MSR bitmap is beyond memory"},
        {(second & secondary::Vpid) && v.vpid == 0, "VPID is 0"},
        {!ept && (second & (secondary::UnrestrictedGuest | secondary::Pml | secondary::ModeBasedExecute)),
         "unrestricted guest, or another control that needs it, without EPT"},
        {(second & secondary::Pml) && !limits.page(v.pml_address), "the page-modification log is beyond memory"},
        {(second & secondary::TscScaling) && v.tsc_multiplier == 0, "the TSC is multiplied by 0"},
        {!controls_allowed(v.exit, c.exit), "exit controls that the CPU does not allow"},
        {!(v.pin & pin::PreemptionTimer) && (v.exit & exit_control::SavePreemptionTimer),
         "the preemption timer is saved but not used"},
        {!msr_list_is_valid(limits, v.exit_store_count, v.exit_store_address) ||
             !msr_list_is_valid(limits, v.exit_load_count, v.exit_load_address) ||
             !msr_list_is_valid(limits, v.entry_load_count, v.entry_load_address),
         "a list of MSRs is misplaced"},
        {!controls_allowed(v.entry, c.entry), "entry controls that the CPU does not allow"},
        {(v.entry & (entry_control::EntryToSmm | entry_control::DeactivateDualMonitor)) != 0,
         "an entry to SMM from outside of it"},
    };
    if (const char *what = first_broken(checks))
        return what;
    if (const char *what = ept ? eptp_fault(v.ept_pointer, limits) : nullptr)
        return what;
    if (const char *what = apic_control_fault(v, limits))
        return what;
    return injection_fault(v, limits);
}

// Bases and MSRs may have as many bits as the CPU knows; where code runs is of the paging mode that is on.
constexpr bool in_paging_mode(std::uint64_t rip, std::uint64_t cr4) {
    return (cr4 & x86::cr4::LA57) || sign_extended(rip, 48);
}

// 27.2.2 to 27.2.4, for a host in 64-bit mode.
constexpr const char *host_fault(const Vmcs &v, const EntryLimits &limits) {
    constexpr std::uint64_t kTableAndRpl = 7, kLong = x86::efer::LMA | x86::efer::LME;
    const Capabilities &c = limits.capabilities;
    const bool efer = v.exit & exit_control::LoadEfer;
    const EntryCheck checks[] = {
        {!fixed_bits_hold(v.host_cr0, c.cr0_fixed0, c.cr0_fixed1), "host CR0 is not as VMX wants it"},
        {!fixed_bits_hold(v.host_cr4, c.cr4_fixed0, c.cr4_fixed1), "host CR4 is not as VMX wants it"},
        {(v.host_cr4 & x86::cr4::CET) && !(v.host_cr0 & x86::cr0::WP), "host CR4.CET without CR0.WP"},
        {!limits.fits(v.host_cr3), "host CR3 has reserved bits"},
        {!limits.canonical(v.host_sysenter_esp) || !limits.canonical(v.host_sysenter_eip),
         "a SYSENTER address of the host is not canonical"},
        {(v.exit & exit_control::LoadPat) && !pat_is_valid(v.host_pat), "host PAT has a reserved type"},
        {efer && (v.host_efer & ~kIntelEfer) != 0, "host EFER has reserved bits"},
        {efer && (v.host_efer & kLong) != kLong, "host EFER is not that of 64-bit mode"},
        {((v.host_es | v.host_cs | v.host_ss | v.host_ds | v.host_fs | v.host_gs | v.host_tr) & kTableAndRpl) != 0,
         "a host selector has TI or RPL"},
        {v.host_cs == 0, "host CS is null"},
        {v.host_tr == 0, "host TR is null"},
        {!limits.canonical(v.host_fs_base) || !limits.canonical(v.host_gs_base) || !limits.canonical(v.host_tr_base) ||
             !limits.canonical(v.host_gdtr_base) || !limits.canonical(v.host_idtr_base),
         "a base of the host is not canonical"},
        {!(v.exit & exit_control::HostAddressSpaceSize), "the host is not 64 bits wide"},
        {!(v.host_cr4 & x86::cr4::PAE), "host CR4.PAE is clear"},
        {!limits.canonical(v.host_rip) || !in_paging_mode(v.host_rip, v.host_cr4), "host RIP is not canonical"},
    };
    return first_broken(checks);
}

} // namespace vmm::vmx

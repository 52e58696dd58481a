// SPDX-License-Identifier: GPL-2.0-only
// The checks of an entry on guest state: what they refuse is an exit with reason 33. SDM vol. 3, 27.3.1.
#pragma once

#include "vmm/vmx/entry_check_host.hpp"

namespace vmm::vmx {

constexpr bool is_long(const Vmcs &v) {
    return v.entry & entry_control::Ia32eModeGuest;
}
constexpr bool is_virtual_8086(const Vmcs &v) {
    return v.rflags & x86::rflags::VM;
}

// 27.3.1.1
constexpr const char *guest_register_fault(const Vmcs &v, const EntryLimits &limits) {
    namespace c0 = x86::cr0;
    // LBR, BTF, TR to FREEZE_PERFMON_ON_PMI, FREEZE_WHILE_SMM, of newer CPUs BUS_LOCK_TRAP and RTM: 18.4.1.
    const std::uint64_t known_debug_ctl = 0x5fc3 | (limits.bus_locks ? bit(2) : 0) | (limits.rtm ? bit(15) : 0);
    const Capabilities &c = limits.capabilities;
    const std::uint64_t free = unrestricted(v) ? c0::PE | c0::PG : 0;
    const bool paging = v.cr0 & c0::PG, efer = v.entry & entry_control::LoadEfer;
    const bool debug = v.entry & entry_control::LoadDebugControls;
    const bool lma = v.efer & x86::efer::LMA, lme = v.efer & x86::efer::LME;
    const EntryCheck checks[] = {
        {!fixed_bits_hold(v.cr0, c.cr0_fixed0 & ~free, c.cr0_fixed1), "CR0 is not as VMX wants it"},
        {paging && !(v.cr0 & c0::PE), "paging without CR0.PE"},
        {!fixed_bits_hold(v.cr4, c.cr4_fixed0, c.cr4_fixed1), "CR4 is not as VMX wants it"},
        {(v.cr4 & x86::cr4::CET) && !(v.cr0 & c0::WP), "CR4.CET without CR0.WP"},
        {debug && (v.debug_ctl & ~known_debug_ctl) != 0, "DEBUGCTL has reserved bits"},
        {is_long(v) && !paging, "IA-32e mode without paging"},
        {is_long(v) && !(v.cr4 & x86::cr4::PAE), "IA-32e mode without CR4.PAE"},
        {!is_long(v) && (v.cr4 & x86::cr4::PCIDE), "CR4.PCIDE without IA-32e mode"},
        {!limits.fits(v.cr3), "CR3 has reserved bits"},
        {debug && v.dr7 >> 32 != 0, "DR7 has bits above 31"},
        {!limits.canonical(v.sysenter_esp) || !limits.canonical(v.sysenter_eip), "a SYSENTER address is not canonical"},
        {(v.entry & entry_control::LoadPat) && !pat_is_valid(v.pat), "PAT has a reserved type"},
        {efer && (v.efer & ~kIntelEfer) != 0, "EFER has reserved bits"},
        {efer && lma != is_long(v), "EFER.LMA is not as the entry control"},
        {efer && paging && lma != lme, "EFER.LME is not EFER.LMA while paging is on"},
    };
    return first_broken(checks);
}

constexpr bool granularity_fits(const GuestSegment &s) {
    const bool granular = s.rights & access_rights::Granularity;
    return granular ? (s.limit & 0xfff) == 0xfff : s.limit >> 20 == 0;
}

// 27.3.1.2, in virtual-8086 mode.
constexpr const char *virtual_8086_fault(const Vmcs &v) {
    constexpr std::uint64_t kRights = 0xf3;
    for (unsigned i = 0; i <= static_cast<unsigned>(SegmentIndex::Gs); i++) {
        const GuestSegment &s = v.segments[i];
        const EntryCheck checks[] = {
            {s.base != s.selector << 4, "a base in virtual-8086 mode is not 16 times its selector"},
            {s.limit != 0xffff, "a limit in virtual-8086 mode is not 64 KiB"},
            {s.rights != kRights, "access rights in virtual-8086 mode are not F3h"},
        };
        if (const char *what = first_broken(checks))
            return what;
    }
    return nullptr;
}

// 27.3.1.2: CS and SS, which depend on one another.
constexpr const char *code_and_stack_fault(const Vmcs &v) {
    const GuestSegment &cs = v[SegmentIndex::Cs], &ss = v[SegmentIndex::Ss];
    const unsigned type = access_rights::Type::get(cs.rights), stack_type = access_rights::Type::get(ss.rights);
    const unsigned dpl = access_rights::Dpl::get(cs.rights), stack_dpl = access_rights::Dpl::get(ss.rights);
    const bool data = type == 3 && unrestricted(v), code = (type & 9) == 9, conforming = code && (type & 4);
    const bool wide = is_long(v) && (cs.rights & access_rights::Long);
    const EntryCheck checks[] = {
        {!unrestricted(v) && (cs.selector & 3) != (ss.selector & 3), "the RPLs of CS and SS differ"},
        {cs.base >> 32 != 0, "the base of CS has bits above 31"},
        {!code && !data, "CS is of a type that holds no code, or is not accessed"},
        {!(cs.rights & access_rights::CodeOrData), "CS is a system segment"},
        {data && dpl != 0, "CS is data and its DPL is not 0"},
        {code && !conforming && dpl != stack_dpl, "the DPLs of CS and SS differ"},
        {conforming && dpl > stack_dpl, "the DPL of conforming CS is above that of SS"},
        {!(cs.rights & access_rights::Present), "CS is not present"},
        {(cs.rights & access_rights::kReserved) != 0, "the access rights of CS have reserved bits"},
        {wide && (cs.rights & access_rights::Default), "CS has L and D"},
        {!granularity_fits(cs), "the limit of CS does not go with its granularity"},
        {ss.usable() && stack_type != 3 && stack_type != 7, "SS is of a type that holds no stack, or is not accessed"},
        {!unrestricted(v) && stack_dpl != (ss.selector & 3), "the DPL of SS is not its RPL"},
        {(data || !(v.cr0 & x86::cr0::PE)) && stack_dpl != 0, "the DPL of SS is not 0"},
    };
    return first_broken(checks);
}

// 27.3.1.2: what holds of SS, DS, ES, FS and GS where they can be used.
constexpr const char *data_segment_fault(const Vmcs &v) {
    for (const SegmentIndex i :
         {SegmentIndex::Ss, SegmentIndex::Ds, SegmentIndex::Es, SegmentIndex::Fs, SegmentIndex::Gs}) {
        const GuestSegment &s = v[i];
        const unsigned type = access_rights::Type::get(s.rights), dpl = access_rights::Dpl::get(s.rights);
        const bool low = i != SegmentIndex::Fs && i != SegmentIndex::Gs;
        const EntryCheck checks[] = {
            {low && s.base >> 32 != 0, "the base of a data segment has bits above 31"},
            {!(type & 1), "a data segment is not accessed"},
            {(type & 8) && !(type & 2), "a data segment is code that cannot be read"},
            {!(s.rights & access_rights::CodeOrData), "a data segment is a system segment"},
            {i != SegmentIndex::Ss && !unrestricted(v) && type < 12 && dpl < (s.selector & 3),
             "the DPL of a data segment is below its RPL"},
            {!(s.rights & access_rights::Present), "a data segment is not present"},
            {(s.rights & access_rights::kReserved) != 0, "the access rights of a data segment have reserved bits"},
            {!granularity_fits(s), "the limit of a data segment does not go with its granularity"},
        };
        if (const char *what = s.usable() ? first_broken(checks) : nullptr)
            return what;
    }
    return nullptr;
}

// 27.3.1.2 and 27.3.1.3: TR, LDTR and the tables.
constexpr const char *system_segment_fault(const Vmcs &v, const EntryLimits &limits) {
    constexpr std::uint64_t kTable = 4;
    const GuestSegment &tr = v[SegmentIndex::Tr], &ldtr = v[SegmentIndex::Ldtr];
    const unsigned type = access_rights::Type::get(tr.rights), ldt_type = access_rights::Type::get(ldtr.rights);
    const bool ldt = ldtr.usable();
    const EntryCheck checks[] = {
        {(tr.selector & kTable) != 0, "TR is from the LDT"},
        {!limits.canonical(tr.base), "the base of TR is not canonical"},
        {type != 11 && (type != 3 || is_long(v)), "TR is not a busy TSS"},
        {(tr.rights & access_rights::CodeOrData) != 0, "TR is no system segment"},
        {!(tr.rights & access_rights::Present), "TR is not present"},
        {!tr.usable(), "TR is unusable"},
        {(tr.rights & access_rights::kReserved) != 0, "the access rights of TR have reserved bits"},
        {!granularity_fits(tr), "the limit of TR does not go with its granularity"},
        {ldt && (ldtr.selector & kTable) != 0, "LDTR is from the LDT"},
        {ldt && !limits.canonical(ldtr.base), "the base of LDTR is not canonical"},
        {ldt && (ldt_type != 2 || (ldtr.rights & access_rights::CodeOrData)), "LDTR is no LDT"},
        {ldt && !(ldtr.rights & access_rights::Present), "LDTR is not present"},
        {ldt && (ldtr.rights & access_rights::kReserved) != 0, "the access rights of LDTR have reserved bits"},
        {ldt && !granularity_fits(ldtr), "the limit of LDTR does not go with its granularity"},
        {!limits.canonical(v[SegmentIndex::Fs].base) || !limits.canonical(v[SegmentIndex::Gs].base),
         "the base of FS or GS is not canonical"},
        {!limits.canonical(v.gdtr_base) || !limits.canonical(v.idtr_base), "the base of GDTR or IDTR is not canonical"},
        {v.gdtr_limit >> 16 != 0 || v.idtr_limit >> 16 != 0, "the limit of GDTR or IDTR has bits above 15"},
    };
    return first_broken(checks);
}

// 27.3.1.4
constexpr const char *flow_fault(const Vmcs &v, const EntryLimits &limits) {
    constexpr std::uint64_t kReservedFlags = ~0x3f'ffffull | bit(15) | bit(5) | bit(3);
    using interruption::Type;
    const bool wide = is_long(v) && (v[SegmentIndex::Cs].rights & access_rights::Long);
    const bool interrupt =
        (v.injected & interruption::Valid) && interruption::TypeField::get(v.injected) == Type::ExternalInterrupt;
    const EntryCheck checks[] = {
        {!wide && v.rip >> 32 != 0, "RIP has bits above 31 outside of 64-bit code"},
        {wide && !rip_is_valid(v.rip, limits), "RIP is not canonical"},
        {(v.rflags & kReservedFlags) != 0 || !(v.rflags & x86::rflags::Fixed), "RFLAGS has reserved bits"},
        {is_virtual_8086(v) && (is_long(v) || !(v.cr0 & x86::cr0::PE)), "RFLAGS.VM outside of protected mode"},
        {interrupt && !(v.rflags & x86::rflags::IF), "an interrupt is injected while RFLAGS.IF is clear"},
    };
    return first_broken(checks);
}

// Which events may be injected in which state of activity: 27.3.1.5.
constexpr bool activity_takes(Activity activity, std::uint64_t injected) {
    using interruption::Type;
    if (activity == Activity::Active || !(injected & interruption::Valid))
        return true;
    const Type type = interruption::TypeField::get(injected);
    const std::uint8_t vector = interruption::Vector::get(injected);
    const bool nmi = type == Type::Nmi, machine_check = type == Type::HardwareException && vector == 18;
    if (activity == Activity::Hlt)
        return nmi || machine_check || type == Type::ExternalInterrupt ||
               (type == Type::HardwareException && vector == 1) || (type == Type::OtherEvent && vector == 0);
    return activity == Activity::Shutdown && (nmi || machine_check);
}

constexpr bool activity_known(std::uint64_t activity, const Capabilities &c) {
    if (activity > static_cast<std::uint64_t>(Activity::WaitForSipi))
        return false;
    switch (static_cast<Activity>(activity)) {
    case Activity::Active:
        return true;
    case Activity::Hlt:
        return c.misc & misc::Hlt;
    case Activity::Shutdown:
        return c.misc & misc::Shutdown;
    case Activity::WaitForSipi:
        return c.misc & misc::WaitForSipi;
    }
    return false;
}

// 27.3.1.5: activity and what blocks events.
constexpr const char *blocking_fault(const Vmcs &v, const EntryLimits &limits) {
    namespace i = interruptibility;
    using interruption::Type;
    const bool sti = v.interruptibility & i::BlockingBySti, mov_ss = v.interruptibility & i::BlockingByMovSs;
    const Activity activity = static_cast<Activity>(v.activity);
    const bool injects = v.injected & interruption::Valid;
    const bool enclaves = may_be_one(limits.capabilities.secondary) & secondary::Encls; // comes with them
    const Type type = interruption::TypeField::get(v.injected);
    const bool interrupt = injects && type == Type::ExternalInterrupt, nmi = injects && type == Type::Nmi;
    const EntryCheck checks[] = {
        {!activity_known(v.activity, limits.capabilities), "a state of activity that the CPU lacks"},
        {activity == Activity::Hlt && access_rights::Dpl::get(v[SegmentIndex::Ss].rights) != 0,
         "halted with another CPL than 0"},
        {(sti || mov_ss) && activity != Activity::Active, "inactive in an interrupt shadow"},
        {!activity_takes(activity, v.injected), "an event is injected that this state of activity does not take"},
        {v.interruptibility >> 5 != 0, "interruptibility has reserved bits"},
        {sti && mov_ss, "blocking by STI and by MOV SS"},
        {sti && !(v.rflags & x86::rflags::IF), "blocking by STI while RFLAGS.IF is clear"},
        {interrupt && (sti || mov_ss), "an interrupt is injected in an interrupt shadow"},
        {nmi && mov_ss, "an NMI is injected while MOV SS blocks it"},
        {(v.interruptibility & i::BlockingBySmi) != 0, "blocking by SMI outside of SMM"},
        {nmi && sti, "an NMI is injected while STI blocks it"}, // on some CPUs
        {nmi && (v.pin & pin::VirtualNmis) && (v.interruptibility & i::BlockingByNmi),
         "an NMI is injected while NMIs are blocked"},
        {(v.interruptibility & i::EnclaveInterruption) && (mov_ss || !enclaves),
         "an enclave was interrupted behind MOV SS, or on a CPU without"},
    };
    return first_broken(checks);
}

// 27.3.1.5: debug exceptions that wait, and the link to a shadow VMCS.
constexpr const char *pending_fault(const Vmcs &v, const EntryLimits &limits) {
    namespace p = pending_debug;
    const std::uint64_t known = p::Breakpoints | p::EnabledBreakpoint | p::SingleStep |
                                (limits.bus_locks ? p::BusLock : 0) | (limits.rtm ? p::Rtm : 0);
    constexpr std::uint64_t kBranchStep = bit(1); // DEBUGCTL.BTF
    namespace i = interruptibility;
    const bool mov_ss = v.interruptibility & i::BlockingByMovSs;
    const bool shadow = mov_ss || (v.interruptibility & i::BlockingBySti);
    const bool judged = shadow || static_cast<Activity>(v.activity) == Activity::Hlt;
    const bool steps = (v.rflags & x86::rflags::TF) && !(v.debug_ctl & kBranchStep);
    const bool rtm = v.pending_debug & p::Rtm;
    const EntryCheck checks[] = {
        {(v.pending_debug & ~known) != 0, "pending debug exceptions have reserved bits"},
        {judged && steps && !(v.pending_debug & p::SingleStep), "a single step is due but not pending"},
        {judged && !steps && (v.pending_debug & p::SingleStep), "a single step is pending but not due"},
        {rtm && ((v.pending_debug & ~p::Rtm) != p::EnabledBreakpoint || mov_ss), "RTM is pending beside others"},
        {v.link_pointer != kNoVmcsLink && !limits.page(v.link_pointer), "the link pointer is beyond memory"},
    };
    return first_broken(checks);
}

// 4.4.1: of one that is not present nothing counts.
constexpr bool is_pdpte(std::uint64_t entry, const EntryLimits &limits) {
    constexpr std::uint64_t kPresent = 1, kReserved = 0x1e6;
    return !(entry & kPresent) || ((entry & kReserved) == 0 && limits.fits(entry));
}

// 27.3.1.6: with EPT, PAE paging takes its four entries from the VMCS.
constexpr const char *pdpte_fault(const Vmcs &v, const EntryLimits &limits) {
    if (!(secondary_of(v) & secondary::Ept) || !(v.cr0 & x86::cr0::PG) || !(v.cr4 & x86::cr4::PAE) || is_long(v))
        return nullptr;
    for (const std::uint64_t entry : {v.pdpte0, v.pdpte1, v.pdpte2, v.pdpte3})
        if (!is_pdpte(entry, limits))
            return "a PDPTE has reserved bits";
    return nullptr;
}

constexpr const char *guest_fault(const Vmcs &v, const EntryLimits &limits) {
    if (const char *what = guest_register_fault(v, limits))
        return what;
    if (const char *what = is_virtual_8086(v) ? virtual_8086_fault(v) : code_and_stack_fault(v))
        return what;
    if (const char *what = is_virtual_8086(v) ? nullptr : data_segment_fault(v))
        return what;
    if (const char *what = system_segment_fault(v, limits))
        return what;
    if (const char *what = flow_fault(v, limits))
        return what;
    if (const char *what = blocking_fault(v, limits))
        return what;
    if (const char *what = pending_fault(v, limits))
        return what;
    return pdpte_fault(v, limits);
}

} // namespace vmm::vmx

// SPDX-License-Identifier: GPL-2.0-only
// SDM vol. 3, 27.3.1: each rule of the guest's state broken.
#include "vmm/vmx/entry_check_guest.hpp"

#include "tests/unit/vmx/entry_check_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace vmm::vmx {
namespace {

using enum SegmentIndex;
using interruption::make;
using interruption::Type;

TEST(VmxEntryCheck, GuestRegisters) {
    const Case cases[] = {
        {"CR0 is not as VMX wants it", [](Vmcs &v) { v.cr0 &= ~x86::cr0::NE; }},
        {"CR0 is not as VMX wants it", [](Vmcs &v) { v.cr0 |= bit(32); }},
        {"paging without CR0.PE", [](Vmcs &v) { v.cr0 &= ~x86::cr0::PE; }},
        {"CR4 is not as VMX wants it", [](Vmcs &v) { v.cr4 &= ~bit(13); }},
        {"CR4 is not as VMX wants it", [](Vmcs &v) { v.cr4 |= x86::cr4::SMAP | x86::cr4::PKE; }},
        {"DEBUGCTL has reserved bits", [](Vmcs &v) { v.debug_ctl = 8; }},
        {"DEBUGCTL has reserved bits", [](Vmcs &v) { v.debug_ctl = bit(63); }},
        {"IA-32e mode without paging", [](Vmcs &v) { v.cr0 &= ~x86::cr0::PG; }},
        {"IA-32e mode without CR4.PAE", [](Vmcs &v) { v.cr4 &= ~x86::cr4::PAE; }},
        {"CR3 has reserved bits", [](Vmcs &v) { v.cr3 = kBeyond; }},
        {"DR7 has bits above 31", [](Vmcs &v) { v.dr7 |= bit(32); }},
        {"a SYSENTER address is not canonical", [](Vmcs &v) { v.sysenter_esp = kNotCanonical; }},
        {"a SYSENTER address is not canonical", [](Vmcs &v) { v.sysenter_eip = kNotCanonical; }},
        {"PAT has a reserved type", [](Vmcs &v) { v.pat = 0x0300; }},
        {"EFER has reserved bits", [](Vmcs &v) { v.efer |= x86::efer::FFXSR; }},
        {"EFER.LMA is not as the entry control", [](Vmcs &v) { v.efer &= ~x86::efer::LMA; }},
        {"EFER.LMA is not as the entry control",
         [](Vmcs &v) {
             test::set_pae_paging(v);
             v.efer = x86::efer::LMA;
         }},
        {"EFER.LME is not EFER.LMA while paging is on", [](Vmcs &v) { v.efer &= ~x86::efer::LME; }},
        {"CR4.PCIDE without IA-32e mode",
         [](Vmcs &v) {
             test::set_protected_mode(v);
             v.cr4 |= x86::cr4::PCIDE;
         }},
    };
    expect_each(cases);
    const EntryLimits cet{test::sapphire_rapids().capabilities(), 40, 48};
    EXPECT_EQ(fault(
                  [](Vmcs &v) {
                      v.cr4 |= x86::cr4::CET;
                      v.cr0 &= ~x86::cr0::WP;
                  },
                  cet),
              "CR4.CET without CR0.WP");
    EXPECT_EQ(fault(
                  [](Vmcs &v) {
                      v.host_cr4 |= x86::cr4::CET;
                      v.host_cr0 &= ~x86::cr0::WP;
                  },
                  cet),
              "host CR4.CET without CR0.WP");
}

TEST(VmxEntryCheck, CodeAndStack) {
    const Case cases[] = {
        {"the base of CS has bits above 31", [](Vmcs &v) { v[Cs].base = bit(32); }},
        {"CS is of a type that holds no code, or is not accessed", [](Vmcs &v) { v[Cs].rights = 0xa09a; }},
        {"CS is of a type that holds no code, or is not accessed", [](Vmcs &v) { v[Cs].rights = 0xa097; }},
        {"CS is a system segment", [](Vmcs &v) { v[Cs].rights = 0xa08b; }},
        {"CS is data and its DPL is not 0", [](Vmcs &v) { v[Cs].rights = 0xa0f3; }},
        {"the DPLs of CS and SS differ", [](Vmcs &v) { v[Cs].rights = 0xa0fb; }},
        {"the DPL of conforming CS is above that of SS", [](Vmcs &v) { v[Cs].rights = 0xa0bf; }},
        {"CS is not present", [](Vmcs &v) { v[Cs].rights = 0xa01b; }},
        {"the access rights of CS have reserved bits", [](Vmcs &v) { v[Cs].rights |= 0x800; }},
        {"the access rights of CS have reserved bits", [](Vmcs &v) { v[Cs].rights |= 0x20000; }},
        {"CS has L and D", [](Vmcs &v) { v[Cs].rights = 0xe09b; }},
        {"the limit of CS does not go with its granularity", [](Vmcs &v) { v[Cs].rights = 0x209b; }},
        {"the limit of CS does not go with its granularity", [](Vmcs &v) { v[Cs].limit = 0xfffff'ffe; }},
        {"SS is of a type that holds no stack, or is not accessed", [](Vmcs &v) { v[Ss].rights = 0xc09b; }},
        {"SS is of a type that holds no stack, or is not accessed", [](Vmcs &v) { v[Ss].rights = 0xc092; }},
        {"the DPL of SS is not 0",
         [](Vmcs &v) {
             v[Cs].rights = 0xa093;
             v[Ss].rights = 0xc0f3;
         }},
        {"the DPL of SS is not 0",
         [](Vmcs &v) {
             test::set_real_mode(v);
             v[Cs].rights = 0xfb;
             v[Ss].rights = 0xf3;
         }},
    };
    expect_each(cases);
}

TEST(VmxEntryCheck, DataSegments) {
    for (const SegmentIndex i : {Ds, Es, Fs, Gs}) {
        const auto with = [&](std::uint64_t rights, std::uint64_t limit = 0xffffffff) {
            return fault([&](Vmcs &v) { v[i] = {0x18, limit, rights, 0}; });
        };
        EXPECT_EQ(with(0xc093), "");
        EXPECT_EQ(with(0xc09b), "");
        EXPECT_EQ(with(0xc092), "a data segment is not accessed");
        EXPECT_EQ(with(0xc099), "a data segment is code that cannot be read");
        EXPECT_EQ(with(0xc083), "a data segment is a system segment");
        EXPECT_EQ(with(0xc013), "a data segment is not present");
        EXPECT_EQ(with(0xc193), "the access rights of a data segment have reserved bits");
        EXPECT_EQ(with(0x4093), "the limit of a data segment does not go with its granularity");
        EXPECT_EQ(with(0xc093, 0xfff), "");
        EXPECT_EQ(with(0x4093, 0xfffff), "");
        EXPECT_EQ(with(0x4093, 0x100000), "the limit of a data segment does not go with its granularity");
        EXPECT_EQ(fault([&](Vmcs &v) {
                      v[i] = {0x18, 0xffffffff, 0xc093, bit(32)};
                  }),
                  i == Ds || i == Es ? "the base of a data segment has bits above 31" : "");
    }
    const Case of_ss[] = {
        {"the base of a data segment has bits above 31", [](Vmcs &v) { v[Ss].base = bit(32); }},
        {"a data segment is a system segment", [](Vmcs &v) { v[Ss].rights = 0xc083; }},
        {"a data segment is not present", [](Vmcs &v) { v[Ss].rights = 0xc013; }},
        {"the access rights of a data segment have reserved bits", [](Vmcs &v) { v[Ss].rights |= 0x100; }},
        {"the limit of a data segment does not go with its granularity", [](Vmcs &v) { v[Ss].limit = 0xffffe; }},
    };
    expect_each(of_ss);
}

TEST(VmxEntryCheck, RestrictedGuests) {
    const auto restricted = [](Vmcs &v) { v.secondary &= ~std::uint64_t{secondary::UnrestrictedGuest}; };
    const Case cases[] = {
        {"", [](Vmcs &) {}},
        {"the RPLs of CS and SS differ", [](Vmcs &v) { v[Ss].selector |= 3; }},
        {"the DPL of SS is not its RPL",
         [](Vmcs &v) {
             v[Cs].selector |= 1;
             v[Ss].selector |= 1;
         }},
        {"CS is of a type that holds no code, or is not accessed", [](Vmcs &v) { v[Cs].rights = 0xa093; }},
        {"CR0 is not as VMX wants it", [](Vmcs &v) { v.cr0 &= ~x86::cr0::PG; }},
        {"CR0 is not as VMX wants it", [](Vmcs &v) { v.cr0 &= ~(x86::cr0::PG | x86::cr0::PE); }},
        {"the DPL of a data segment is below its RPL",
         [](Vmcs &v) {
             v[Ds] = {0x1b, 0xffffffff, 0xc093, 0};
         }},
        {"",
         [](Vmcs &v) {
             v[Ds] = {0x1b, 0xffffffff, 0xc09f, 0};
         }}, // conforming code
        {"an event that has none is injected with an error code",
         [](Vmcs &v) { v.injected = make(Type::SoftwareException, 3, true); }},
    };
    expect_each(cases, restricted);
}

TEST(VmxEntryCheck, Virtual8086) {
    for (const SegmentIndex i : {Es, Cs, Ss, Ds, Fs, Gs}) {
        const auto with = [&](const std::function<void(GuestSegment &)> &change) {
            return fault([&](Vmcs &v) {
                test::set_virtual_8086(v);
                change(v[i]);
            });
        };
        EXPECT_EQ(with([](GuestSegment &s) { s.base++; }), "a base in virtual-8086 mode is not 16 times its selector");
        EXPECT_EQ(with([](GuestSegment &s) { s.limit = 0xfffff; }), "a limit in virtual-8086 mode is not 64 KiB");
        EXPECT_EQ(with([](GuestSegment &s) { s.rights = 0x93; }), "access rights in virtual-8086 mode are not F3h");
    }
    const auto flags = [](Vmcs &v) { v.rflags |= x86::rflags::VM; };
    EXPECT_EQ(fault([&](Vmcs &v) {
                  test::set_virtual_8086(v);
                  v.cr0 = 0x30;
              }),
              "RFLAGS.VM outside of protected mode");
    EXPECT_EQ(fault([&](Vmcs &v) {
                  for (unsigned i = 0; i < 6; i++)
                      v.segments[i] = {0, 0xffff, 0xf3, 0};
                  v.rip = 0;
                  flags(v);
              }),
              "RFLAGS.VM outside of protected mode");
}

TEST(VmxEntryCheck, SystemSegmentsAndTables) {
    const Case cases[] = {
        {"TR is from the LDT", [](Vmcs &v) { v[Tr].selector |= 4; }},
        {"the base of TR is not canonical", [](Vmcs &v) { v[Tr].base = kNotCanonical; }},
        {"TR is not a busy TSS", [](Vmcs &v) { v[Tr].rights = 0x89; }},
        {"TR is not a busy TSS", [](Vmcs &v) { v[Tr].rights = 0x83; }}, // of 16 bits
        {"TR is no system segment", [](Vmcs &v) { v[Tr].rights = 0x9b; }},
        {"TR is not present", [](Vmcs &v) { v[Tr].rights = 0x0b; }},
        {"TR is unusable", [](Vmcs &v) { v[Tr].rights |= 0x10000; }},
        {"the access rights of TR have reserved bits", [](Vmcs &v) { v[Tr].rights |= 0x100; }},
        {"the limit of TR does not go with its granularity", [](Vmcs &v) { v[Tr].rights |= 0x8000; }},
        {"LDTR is from the LDT",
         [](Vmcs &v) {
             v[Ldtr] = {4, 0xff, 0x82, 0};
         }},
        {"the base of LDTR is not canonical",
         [](Vmcs &v) {
             v[Ldtr] = {8, 0xff, 0x82, kNotCanonical};
         }},
        {"LDTR is no LDT",
         [](Vmcs &v) {
             v[Ldtr] = {8, 0xff, 0x89, 0};
         }},
        {"LDTR is no LDT",
         [](Vmcs &v) {
             v[Ldtr] = {8, 0xff, 0x92, 0};
         }},
        {"LDTR is not present",
         [](Vmcs &v) {
             v[Ldtr] = {8, 0xff, 0x02, 0};
         }},
        {"the access rights of LDTR have reserved bits",
         [](Vmcs &v) {
             v[Ldtr] = {8, 0xff, 0x182, 0};
         }},
        {"the limit of LDTR does not go with its granularity",
         [](Vmcs &v) {
             v[Ldtr] = {8, 0xff, 0x8082, 0};
         }},
        {"the base of FS or GS is not canonical", [](Vmcs &v) { v[Fs].base = kNotCanonical; }},
        {"the base of FS or GS is not canonical", [](Vmcs &v) { v[Gs].base = kNotCanonical; }},
        {"the base of GDTR or IDTR is not canonical", [](Vmcs &v) { v.gdtr_base = kNotCanonical; }},
        {"the base of GDTR or IDTR is not canonical", [](Vmcs &v) { v.idtr_base = kNotCanonical; }},
        {"the limit of GDTR or IDTR has bits above 15", [](Vmcs &v) { v.gdtr_limit = 0x10000; }},
        {"the limit of GDTR or IDTR has bits above 15", [](Vmcs &v) { v.idtr_limit = 0x10000; }},
    };
    expect_each(cases);
    EXPECT_EQ(fault([](Vmcs &v) {
                  test::set_protected_mode(v);
                  v[Tr].rights = 0x83;
              }),
              "");
}

TEST(VmxEntryCheck, RipAndFlags) {
    const Case cases[] = {
        {"RIP is not canonical", [](Vmcs &v) { v.rip = bit(48); }},
        {"RIP is not canonical", [](Vmcs &v) { v.rip = ~bit(48); }},
        {"", [](Vmcs &v) { v.rip = kNotCanonical; }}, // behind the last instruction: its fetch faults
        {"RIP has bits above 31 outside of 64-bit code",
         [](Vmcs &v) {
             v[Cs].rights = 0xc09b;
             v.rip = bit(32);
         }},
        {"RIP has bits above 31 outside of 64-bit code",
         [](Vmcs &v) {
             test::set_real_mode(v);
             v.rip = bit(63);
         }},
        {"RFLAGS has reserved bits", [](Vmcs &v) { v.rflags &= ~2ull; }},
        {"RFLAGS has reserved bits", [](Vmcs &v) { v.rflags |= bit(3); }},
        {"RFLAGS has reserved bits", [](Vmcs &v) { v.rflags |= bit(5); }},
        {"RFLAGS has reserved bits", [](Vmcs &v) { v.rflags |= bit(15); }},
        {"RFLAGS has reserved bits", [](Vmcs &v) { v.rflags |= bit(22); }},
        {"RFLAGS has reserved bits", [](Vmcs &v) { v.rflags |= bit(63); }},
        {"an interrupt is injected while RFLAGS.IF is clear",
         [](Vmcs &v) {
             v.rflags = 2;
             v.injected = make(Type::ExternalInterrupt, 0x40);
         }},
    };
    expect_each(cases);
}

TEST(VmxEntryCheck, Blocking) {
    namespace i = interruptibility;
    const Case cases[] = {
        {"a state of activity that the CPU lacks", [](Vmcs &v) { v.activity = 4; }},
        {"a state of activity that the CPU lacks", [](Vmcs &v) { v.activity = bit(32); }},
        {"halted with another CPL than 0",
         [](Vmcs &v) {
             v[Cs].rights = 0xa0fb;
             v[Ss].rights = 0xc0f3;
             v.activity = 1;
         }},
        {"inactive in an interrupt shadow",
         [](Vmcs &v) {
             v.activity = 1;
             v.interruptibility = i::BlockingBySti;
         }},
        {"interruptibility has reserved bits", [](Vmcs &v) { v.interruptibility = 0x20; }},
        {"blocking by STI and by MOV SS", [](Vmcs &v) { v.interruptibility = 3; }},
        {"blocking by STI while RFLAGS.IF is clear",
         [](Vmcs &v) {
             v.interruptibility = i::BlockingBySti;
             v.rflags = 2;
         }},
        {"an interrupt is injected in an interrupt shadow",
         [](Vmcs &v) {
             v.interruptibility = i::BlockingBySti;
             v.injected = make(Type::ExternalInterrupt, 0x40);
         }},
        {"an interrupt is injected in an interrupt shadow",
         [](Vmcs &v) {
             v.interruptibility = i::BlockingByMovSs;
             v.injected = make(Type::ExternalInterrupt, 0x40);
         }},
        {"an NMI is injected while MOV SS blocks it",
         [](Vmcs &v) {
             v.interruptibility = i::BlockingByMovSs;
             v.injected = make(Type::Nmi, 2);
         }},
        {"an NMI is injected while STI blocks it",
         [](Vmcs &v) {
             v.interruptibility = i::BlockingBySti;
             v.injected = make(Type::Nmi, 2);
         }},
        {"an NMI is injected while NMIs are blocked",
         [](Vmcs &v) {
             v.interruptibility = i::BlockingByNmi;
             v.injected = make(Type::Nmi, 2);
         }},
        {"blocking by SMI outside of SMM", [](Vmcs &v) { v.interruptibility = i::BlockingBySmi; }},
        {"an enclave was interrupted behind MOV SS, or on a CPU without",
         [](Vmcs &v) { v.interruptibility = i::EnclaveInterruption | i::BlockingByMovSs; }},
    };
    expect_each(cases);
    EntryLimits limits = haswell_limits();
    EXPECT_EQ(fault([](Vmcs &v) { v.interruptibility = i::EnclaveInterruption; }, limits),
              "an enclave was interrupted behind MOV SS, or on a CPU without");
    limits.capabilities.secondary |= std::uint64_t{secondary::Encls} << 32;
    EXPECT_EQ(fault([](Vmcs &v) { v.interruptibility = i::EnclaveInterruption; }, limits), "");
    EXPECT_EQ(fault([](Vmcs &v) { v.interruptibility = i::EnclaveInterruption | i::BlockingByMovSs; }, limits),
              "an enclave was interrupted behind MOV SS, or on a CPU without");
    limits.capabilities.misc &= ~misc::Hlt;
    EXPECT_EQ(fault([](Vmcs &v) { v.activity = 1; }, limits), "a state of activity that the CPU lacks");
    EXPECT_EQ(fault([](Vmcs &v) { v.activity = 2; }, limits), "");
    limits.capabilities.misc = 0;
    EXPECT_EQ(fault([](Vmcs &v) { v.activity = 2; }, limits), "a state of activity that the CPU lacks");
    EXPECT_EQ(fault([](Vmcs &v) { v.activity = 3; }, limits), "a state of activity that the CPU lacks");
}

// Every event in every state of activity: 27.3.1.5.
TEST(VmxEntryCheck, ActivityAndInjection) {
    const std::uint32_t nmi = make(Type::Nmi, 2), interrupt = make(Type::ExternalInterrupt, 0x40),
                        machine_check = make(Type::HardwareException, 18), debug = make(Type::HardwareException, 1),
                        undefined = make(Type::HardwareException, 6), trap = make(Type::OtherEvent, 0),
                        soft = make(Type::SoftwareInterrupt, 0x80);
    struct {
        std::uint64_t activity;
        std::vector<std::uint32_t> taken;
    } const rows[] = {
        {0, {nmi, interrupt, machine_check, debug, undefined, trap, soft}},
        {1, {nmi, interrupt, machine_check, debug, trap}},
        {2, {nmi, machine_check}},
        {3, {}},
    };
    for (const auto &row : rows)
        for (const std::uint32_t event : {nmi, interrupt, machine_check, debug, undefined, trap, soft}) {
            const bool taken = std::find(row.taken.begin(), row.taken.end(), event) != row.taken.end();
            EXPECT_EQ(fault([&](Vmcs &v) {
                          v.activity = row.activity;
                          v.injected = event;
                          v.injected_length = 2;
                      }),
                      taken ? "" : "an event is injected that this state of activity does not take")
                << row.activity << " " << std::hex << event;
        }
}

TEST(VmxEntryCheck, WhatIsPending) {
    namespace p = pending_debug;
    const Case cases[] = {
        {"pending debug exceptions have reserved bits", [](Vmcs &v) { v.pending_debug = bit(4); }},
        {"pending debug exceptions have reserved bits", [](Vmcs &v) { v.pending_debug = bit(13); }},
        {"pending debug exceptions have reserved bits", [](Vmcs &v) { v.pending_debug = bit(17); }},
        {"a single step is due but not pending",
         [](Vmcs &v) {
             v.interruptibility = interruptibility::BlockingBySti;
             v.rflags |= x86::rflags::TF;
         }},
        {"a single step is due but not pending",
         [](Vmcs &v) {
             v.activity = 1;
             v.rflags |= x86::rflags::TF;
         }},
        {"a single step is pending but not due",
         [](Vmcs &v) {
             v.interruptibility = interruptibility::BlockingByMovSs;
             v.pending_debug = p::SingleStep;
         }},
        {"a single step is pending but not due",
         [](Vmcs &v) {
             v.interruptibility = interruptibility::BlockingBySti;
             v.rflags |= x86::rflags::TF;
             v.debug_ctl = 2;
             v.pending_debug = p::SingleStep;
         }},
        {"RTM is pending beside others", [](Vmcs &v) { v.pending_debug = p::Rtm; }},
        {"RTM is pending beside others", [](Vmcs &v) { v.pending_debug = p::Rtm | p::EnabledBreakpoint | 1; }},
        {"RTM is pending beside others",
         [](Vmcs &v) {
             v.pending_debug = p::Rtm | p::EnabledBreakpoint;
             v.interruptibility = interruptibility::BlockingByMovSs;
         }},
        {"", [](Vmcs &v) { v.pending_debug = p::Rtm | p::EnabledBreakpoint; }},
        {"", [](Vmcs &v) { v.pending_debug = p::SingleStep | p::EnabledBreakpoint | 0xf; }},
        {"the link pointer is beyond memory", [](Vmcs &v) { v.link_pointer = kBeyond; }},
        {"the link pointer is beyond memory", [](Vmcs &v) { v.link_pointer = 0x10; }},
    };
    expect_each(cases);
}

// RTM and bus locks have bits on CPUs that have them.
TEST(VmxEntryCheck, DebugBitsOfFeatures) {
    namespace p = pending_debug;
    const auto with = [](bool bus_locks, bool rtm, void (*change)(Vmcs &)) {
        EntryLimits limits = haswell_limits();
        limits.bus_locks = bus_locks;
        limits.rtm = rtm;
        return fault(change, limits);
    };
    const auto bus_lock = [](Vmcs &v) { v.pending_debug = p::BusLock; };
    const auto rtm = [](Vmcs &v) { v.pending_debug = p::Rtm | p::EnabledBreakpoint; };
    EXPECT_EQ(with(true, false, bus_lock), "");
    EXPECT_EQ(with(false, true, bus_lock), "pending debug exceptions have reserved bits");
    EXPECT_EQ(with(false, true, rtm), "");
    EXPECT_EQ(with(true, false, rtm), "pending debug exceptions have reserved bits");
    EXPECT_EQ(with(true, false, [](Vmcs &v) { v.debug_ctl = 0x5fc7; }), "");
    EXPECT_EQ(with(false, true, [](Vmcs &v) { v.debug_ctl = 4; }), "DEBUGCTL has reserved bits");
    EXPECT_EQ(with(false, true, [](Vmcs &v) { v.debug_ctl = 0xdfc3; }), "");
    EXPECT_EQ(with(true, false, [](Vmcs &v) { v.debug_ctl = 0x8000; }), "DEBUGCTL has reserved bits");
}

TEST(VmxEntryCheck, Pdptes) {
    const Case cases[] = {
        {"a PDPTE has reserved bits", [](Vmcs &v) { v.pdpte0 = 0x1003; }},
        {"a PDPTE has reserved bits", [](Vmcs &v) { v.pdpte1 = 0x1021; }},
        {"a PDPTE has reserved bits", [](Vmcs &v) { v.pdpte2 = 0x1101; }},
        {"a PDPTE has reserved bits", [](Vmcs &v) { v.pdpte3 = kBeyond | 1; }},
        {"", [](Vmcs &v) { v.pdpte3 = ~1ull; }}, // not present
        {"", [](Vmcs &v) { v.pdpte0 = 0x1e19; }},
    };
    expect_each(cases, test::set_pae_paging);
    EXPECT_EQ(fault([](Vmcs &v) { v.pdpte0 = ~0ull; }), ""); // IA-32e mode has none
}

} // namespace
} // namespace vmm::vmx

// SPDX-License-Identifier: GPL-2.0-only
// SDM vol. 3, 27.2: states that an entry takes, and each rule of controls and host broken.
#include "vmm/vmx/entry_check.hpp"

#include "tests/unit/vmx/entry_check_fixture.hpp"

#include <gtest/gtest.h>

namespace vmm::vmx {
namespace {

using enum SegmentIndex;
using interruption::make;
using interruption::Type;

TEST(VmxEntryCheck, SoundStatesPass) {
    const Case cases[] = {
        {"64-bit mode", [](Vmcs &) {}},
        {"real mode after INIT", test::set_real_mode},
        {"protected mode", test::set_protected_mode},
        {"PAE paging", test::set_pae_paging},
        {"virtual-8086 mode", test::set_virtual_8086},
        {"compatibility mode",
         [](Vmcs &v) {
             v[Cs].rights = 0xc0fb;
             v[Cs].selector = 0x23;
             v[Ss].rights = 0xc0f3;
             v[Ss].selector = 0x2b;
             v.rip = 0x8048000;
         }},
        {"user mode",
         [](Vmcs &v) {
             v[Cs].rights = 0xa0fb;
             v[Ss].rights = 0xc0f3;
         }},
        {"EFER.LME before paging",
         [](Vmcs &v) {
             test::set_protected_mode(v);
             v.efer = x86::efer::LME;
         }},
        {"data in CS, as unrestricted guests may have",
         [](Vmcs &v) {
             test::set_real_mode(v);
             v[Cs].rights = 0x93;
         }},
        {"conforming code",
         [](Vmcs &v) {
             v[Cs].rights = 0xa09f;
             v[Ss].rights = 0xc0f3;
         }},
        {"a null stack of CPL 3",
         [](Vmcs &v) {
             v[Cs].rights = 0xa0fb;
             v[Ss] = {0, 0, 0x10060, 0};
         }},
        {"what cannot be used may be anything",
         [](Vmcs &v) {
             v[Ds] = {0x1234, 0x12345678, 0x1ff0f, 0xffff'ffff'0000'0000};
         }},
        {"halted", [](Vmcs &v) { v.activity = 1; }},
        {"halted, an interrupt is injected",
         [](Vmcs &v) {
             v.activity = 1;
             v.injected = make(Type::ExternalInterrupt, 0x40);
         }},
        {"shut down, a machine check is injected",
         [](Vmcs &v) {
             v.activity = 2;
             v.injected = make(Type::HardwareException, 18);
         }},
        {"waiting for SIPI", [](Vmcs &v) { v.activity = 3; }},
        {"page fault injected", [](Vmcs &v) { v.injected = make(Type::HardwareException, 14, true); }},
        {"page fault injected in real mode",
         [](Vmcs &v) {
             test::set_real_mode(v);
             v.injected = make(Type::HardwareException, 14);
         }},
        {"NMI injected", [](Vmcs &v) { v.injected = make(Type::Nmi, 2); }},
        {"exception injected while NMIs are blocked",
         [](Vmcs &v) {
             v.injected = make(Type::HardwareException, 6);
             v.interruptibility = interruptibility::BlockingByNmi;
         }},
        {"software interrupt injected",
         [](Vmcs &v) {
             v.injected = make(Type::SoftwareInterrupt, 0x80);
             v.injected_length = 2;
         }},
        {"nothing injected", [](Vmcs &v) { v.injected = make(Type::Reserved, 99) & ~interruption::Valid; }},
        {"interrupt shadow of STI", [](Vmcs &v) { v.interruptibility = interruptibility::BlockingBySti; }},
        {"interrupt shadow of MOV SS while stepping",
         [](Vmcs &v) {
             v.interruptibility = interruptibility::BlockingByMovSs;
             v.rflags |= x86::rflags::TF;
             v.pending_debug = pending_debug::SingleStep;
         }},
        {"waiting for a window",
         [](Vmcs &v) { v.processor |= processor::InterruptWindow | processor::NmiWindow | processor::Hlt; }},
        {"addresses at the end of memory",
         [](Vmcs &v) {
             v.io_bitmap_a = v.io_bitmap_b = v.msr_bitmap = v.cr3 = v.host_cr3 = kBeyond - 4096;
             v.ept_pointer = eptp::make(kBeyond - 4096, 4, false);
         }},
        {"a list of MSRs at the end of memory",
         [](Vmcs &v) {
             v.exit_load_count = 4;
             v.exit_load_address = kBeyond - 64;
         }},
        {"secondary controls that are not activated",
         [](Vmcs &v) {
             test::set_protected_mode(v);
             v.cr0 |= 0x80000001;
             v[Cs].selector = v[Ss].selector = 0;
             v.processor &= ~std::uint64_t{processor::Secondary};
             v.secondary = ~0u;
             v.vpid = v.ept_pointer = 0;
             v[Ds].selector = v[Es].selector = v[Fs].selector = v[Gs].selector = 0;
         }},
        {"TPR shadow",
         [](Vmcs &v) {
             v.processor |= processor::TprShadow;
             v.virtual_apic = 0x15000;
             v.tpr_threshold = 0xf;
         }},
    };
    for (const Case &one : cases)
        EXPECT_EQ(fault(one.change), "") << one.what;
}

TEST(VmxEntryCheck, EveryRecordedCpuTakesTheSoundState) {
    for (const test::RecordedCpu *cpu : test::recorded_cpus()) {
        const EntryLimits limits{cpu->capabilities(), 40, 48};
        EXPECT_EQ(fault(
                      [&](Vmcs &v) {
                          if (!(limits.capabilities.ept_vpid & ept_vpid::AccessedAndDirty))
                              v.ept_pointer &= ~eptp::AccessedAndDirty;
                      },
                      limits),
                  "")
            << cpu->name;
    }
}

TEST(VmxEntryCheck, Controls) {
    const Case cases[] = {
        {"pin-based controls that the CPU does not allow", [](Vmcs &v) { v.pin &= ~2ull; }},
        {"pin-based controls that the CPU does not allow", [](Vmcs &v) { v.pin |= bit(7); }},
        {"pin-based controls that the CPU does not allow", [](Vmcs &v) { v.pin |= bit(32); }},
        {"processor-based controls that the CPU does not allow", [](Vmcs &v) { v.processor |= 1; }},
        {"processor-based controls that the CPU does not allow", [](Vmcs &v) { v.processor &= ~bit(26); }},
        {"secondary controls that the CPU does not allow", [](Vmcs &v) { v.secondary |= secondary::Xsaves; }},
        {"more than 4 CR3 targets", [](Vmcs &v) { v.cr3_target_count = 5; }},
        {"the I/O bitmap is beyond memory", [](Vmcs &v) { v.io_bitmap_a = kBeyond; }},
        {"the I/O bitmap is beyond memory", [](Vmcs &v) { v.io_bitmap_b |= 0x800; }},
        {"the MSR bitmap is beyond memory", [](Vmcs &v) { v.msr_bitmap = kBeyond; }},
        {"the MSR bitmap is beyond memory", [](Vmcs &v) { v.msr_bitmap |= 1; }},
        {"VPID is 0", [](Vmcs &v) { v.vpid = 0; }},
        {"unrestricted guest, or another control that needs it, without EPT",
         [](Vmcs &v) { v.secondary &= ~std::uint64_t{secondary::Ept}; }},
        {"exit controls that the CPU does not allow", [](Vmcs &v) { v.exit &= ~1ull; }},
        {"exit controls that the CPU does not allow", [](Vmcs &v) { v.exit |= exit_control::Secondary; }},
        {"the preemption timer is saved but not used", [](Vmcs &v) { v.exit |= exit_control::SavePreemptionTimer; }},
        {"a list of MSRs is misplaced",
         [](Vmcs &v) {
             v.exit_store_count = 1;
             v.exit_store_address = 8;
         }},
        {"a list of MSRs is misplaced",
         [](Vmcs &v) {
             v.exit_load_count = 5;
             v.exit_load_address = kBeyond - 64;
         }},
        {"a list of MSRs is misplaced",
         [](Vmcs &v) {
             v.entry_load_count = 1;
             v.entry_load_address = kBeyond;
         }},
        {"entry controls that the CPU does not allow", [](Vmcs &v) { v.entry |= entry_control::LoadPkrs; }},
        {"an entry to SMM from outside of it", [](Vmcs &v) { v.entry |= entry_control::EntryToSmm; }},
        {"an entry to SMM from outside of it", [](Vmcs &v) { v.entry |= entry_control::DeactivateDualMonitor; }},
        {"the EPT pointer has a memory type that the CPU lacks", [](Vmcs &v) { v.ept_pointer ^= 2; }},
        {"the EPT pointer has a number of levels that the CPU lacks",
         [](Vmcs &v) { v.ept_pointer = eptp::make(0x20000, 5, true); }},
        {"the EPT pointer has a number of levels that the CPU lacks",
         [](Vmcs &v) { v.ept_pointer = eptp::make(0x20000, 3, true); }},
        {"the EPT pointer has reserved bits", [](Vmcs &v) { v.ept_pointer |= 0x80; }},
        {"the EPT pointer has reserved bits", [](Vmcs &v) { v.ept_pointer |= 0x800; }},
        {"the EPT pointer has reserved bits", [](Vmcs &v) { v.ept_pointer |= kBeyond; }},
    };
    expect_each(cases);
}

TEST(VmxEntryCheck, ApicControls) {
    const auto shadow = [](Vmcs &v) {
        v.processor |= processor::TprShadow;
        v.virtual_apic = 0x15000;
    };
    const Case with_shadow[] = {
        {"the virtual APIC page is beyond memory", [](Vmcs &v) { v.virtual_apic = kBeyond; }},
        {"the virtual APIC page is beyond memory", [](Vmcs &v) { v.virtual_apic = 0x100; }},
        {"the TPR threshold has reserved bits", [](Vmcs &v) { v.tpr_threshold = 0x10; }},
        {"the APIC access page is beyond memory",
         [](Vmcs &v) {
             v.secondary |= secondary::ApicAccesses;
             v.apic_access = kBeyond;
         }},
        {"the APIC is virtualised in two modes at once",
         [](Vmcs &v) { v.secondary |= secondary::ApicAccesses | secondary::X2apicMode; }},
        {"virtual interrupts without external-interrupt exiting",
         [](Vmcs &v) {
             v.secondary |= secondary::VirtualInterruptDelivery;
             v.pin &= ~std::uint64_t{pin::ExternalInterrupt};
         }},
    };
    expect_each(with_shadow, shadow);
    const Case without[] = {
        {"the APIC is virtualised without a TPR shadow", [](Vmcs &v) { v.secondary |= secondary::X2apicMode; }},
        {"the APIC is virtualised without a TPR shadow", [](Vmcs &v) { v.secondary |= secondary::ApicRegisters; }},
        {"the APIC is virtualised without a TPR shadow",
         [](Vmcs &v) { v.secondary |= secondary::VirtualInterruptDelivery; }},
        {"virtual NMIs without NMI exiting", [](Vmcs &v) { v.pin &= ~std::uint64_t{pin::Nmi}; }},
        {"NMI-window exiting without virtual NMIs",
         [](Vmcs &v) {
             v.pin &= ~std::uint64_t{pin::VirtualNmis};
             v.processor |= processor::NmiWindow;
         }},
    };
    expect_each(without);
}

// Haswell has neither posted interrupts nor a page-modification log.
TEST(VmxEntryCheck, ControlsOfNewerCpus) {
    const EntryLimits limits{test::sapphire_rapids().capabilities(), 40, 57};
    const auto posted = [](Vmcs &v) {
        v.pin |= pin::PostedInterrupts;
        v.processor |= processor::TprShadow;
        v.secondary |= secondary::VirtualInterruptDelivery;
        v.virtual_apic = 0x15000;
        v.posted_descriptor = 0x16040;
        v.posted_vector = 0xf2;
    };
    const auto with_posted = [&](void (*change)(Vmcs &)) {
        return fault(
            [&](Vmcs &v) {
                posted(v);
                change(v);
            },
            limits);
    };
    EXPECT_EQ(fault(posted, limits), "");
    EXPECT_EQ(with_posted([](Vmcs &v) { v.posted_vector = 256; }), "the vector of posted interrupts is above 255");
    EXPECT_EQ(with_posted([](Vmcs &v) { v.posted_descriptor += 32; }),
              "the descriptor of posted interrupts is misplaced");
    EXPECT_EQ(with_posted([](Vmcs &v) { v.secondary &= ~std::uint64_t{secondary::VirtualInterruptDelivery}; }),
              "posted interrupts without what they need");
    EXPECT_EQ(with_posted([](Vmcs &v) { v.exit &= ~std::uint64_t{exit_control::AcknowledgeInterrupt}; }),
              "posted interrupts without what they need");
    EXPECT_EQ(fault(
                  [](Vmcs &v) {
                      v.secondary |= secondary::Pml;
                      v.pml_address = 1;
                  },
                  limits),
              "the page-modification log is beyond memory");
    EXPECT_EQ(fault([](Vmcs &v) { v.secondary |= secondary::TscScaling; }, limits), "the TSC is multiplied by 0");
    EXPECT_EQ(fault(
                  [](Vmcs &v) {
                      v.secondary |= secondary::TscScaling;
                      v.tsc_multiplier = bit(48);
                  },
                  limits),
              "");
    EXPECT_EQ(fault([](Vmcs &v) { v.ept_pointer |= eptp::SupervisorShadowStacks; }, limits), "");
    EXPECT_EQ(fault([](Vmcs &v) { v.ept_pointer |= 0x100; }, limits), "the EPT pointer has reserved bits");
    const EntryLimits old{test::ivy_bridge().capabilities(), 40, 48};
    EXPECT_EQ(fault([](Vmcs &) {}, old), "the EPT pointer asks for accessed and dirty bits that the CPU lacks");
}

TEST(VmxEntryCheck, Injection) {
    const Case cases[] = {
        {"an event of a reserved type is injected", [](Vmcs &v) { v.injected = make(Type::Reserved, 0x40); }},
        {"an NMI of another vector than 2 is injected", [](Vmcs &v) { v.injected = make(Type::Nmi, 3); }},
        {"an exception of an impossible vector is injected",
         [](Vmcs &v) { v.injected = make(Type::HardwareException, 32); }},
        {"an event of an impossible vector is injected", [](Vmcs &v) { v.injected = make(Type::OtherEvent, 1); }},
        {"an event that has none is injected with an error code",
         [](Vmcs &v) { v.injected = make(Type::ExternalInterrupt, 14, true); }},
        {"an event that has none is injected with an error code",
         [](Vmcs &v) {
             test::set_real_mode(v);
             v.injected = make(Type::HardwareException, 13, true);
         }},
        {"an event is injected with reserved bits",
         [](Vmcs &v) { v.injected = make(Type::Nmi, 2) | interruption::NmiUnblocking; }},
        {"an event is injected with reserved bits", [](Vmcs &v) { v.injected = make(Type::Nmi, 2) | 1u << 30; }},
        {"an error code of more than 16 bits is injected",
         [](Vmcs &v) {
             v.injected = make(Type::HardwareException, 14, true);
             v.injected_error = 0x10000;
         }},
        {"a software event is injected with an impossible length",
         [](Vmcs &v) { v.injected = make(Type::SoftwareInterrupt, 0x80); }},
        {"a software event is injected with an impossible length",
         [](Vmcs &v) {
             v.injected = make(Type::SoftwareException, 3);
             v.injected_length = 16;
         }},
    };
    expect_each(cases);
}

// Every exception, with and without an error code: SDM vol. 3, table 6-1.
TEST(VmxEntryCheck, ErrorCodesOfExceptions) {
    for (unsigned vector = 0; vector < 32; vector++)
        for (bool error : {false, true}) {
            const bool has = vector == 8 || vector == 10 || vector == 11 || vector == 12 || vector == 13 ||
                             vector == 14 || vector == 17;
            const std::string what = fault(
                [&](Vmcs &v) { v.injected = make(Type::HardwareException, static_cast<std::uint8_t>(vector), error); });
            EXPECT_EQ(what, has == error
                                ? ""
                                : "an exception is injected with an error code that it lacks, or without its own")
                << vector;
        }
    EntryLimits with_cet = haswell_limits();
    with_cet.capabilities.cr4_fixed1 |= x86::cr4::CET;
    EXPECT_EQ(fault([](Vmcs &v) { v.injected = make(Type::HardwareException, 21, true); }, with_cet), "");
    EXPECT_NE(fault([](Vmcs &v) { v.injected = make(Type::HardwareException, 21); }, with_cet), "");
    EntryLimits limits = haswell_limits();
    limits.capabilities.basic |= bit(56);
    EXPECT_EQ(fault([](Vmcs &v) { v.injected = make(Type::HardwareException, 6, true); }, limits), "");
    limits.capabilities.misc |= misc::ZeroLengthInjection;
    EXPECT_EQ(fault([](Vmcs &v) { v.injected = make(Type::SoftwareInterrupt, 0x80); }, limits), "");
    limits.capabilities.processor &= ~(std::uint64_t{processor::MonitorTrapFlag} << 32);
    EXPECT_EQ(fault([](Vmcs &v) { v.injected = make(Type::OtherEvent, 0); }, limits),
              "an event of a reserved type is injected");
}

TEST(VmxEntryCheck, Host) {
    const Case cases[] = {
        {"host CR0 is not as VMX wants it", [](Vmcs &v) { v.host_cr0 &= ~x86::cr0::NE; }},
        {"host CR0 is not as VMX wants it", [](Vmcs &v) { v.host_cr0 &= ~x86::cr0::PG; }},
        {"host CR0 is not as VMX wants it", [](Vmcs &v) { v.host_cr0 |= bit(32); }},
        {"host CR4 is not as VMX wants it", [](Vmcs &v) { v.host_cr4 &= ~bit(13); }},
        {"host CR4 is not as VMX wants it", [](Vmcs &v) { v.host_cr4 |= x86::cr4::LA57; }},
        {"host CR3 has reserved bits", [](Vmcs &v) { v.host_cr3 |= kBeyond; }},
        {"a SYSENTER address of the host is not canonical", [](Vmcs &v) { v.host_sysenter_esp = kNotCanonical; }},
        {"a SYSENTER address of the host is not canonical", [](Vmcs &v) { v.host_sysenter_eip = kNotCanonical; }},
        {"host PAT has a reserved type", [](Vmcs &v) { v.host_pat = 2; }},
        {"host PAT has a reserved type", [](Vmcs &v) { v.host_pat = 8ull << 56; }},
        {"host EFER has reserved bits", [](Vmcs &v) { v.host_efer |= x86::efer::SVME; }},
        {"host EFER is not that of 64-bit mode", [](Vmcs &v) { v.host_efer &= ~x86::efer::LMA; }},
        {"host EFER is not that of 64-bit mode", [](Vmcs &v) { v.host_efer &= ~x86::efer::LME; }},
        {"a host selector has TI or RPL", [](Vmcs &v) { v.host_es = 1; }},
        {"a host selector has TI or RPL", [](Vmcs &v) { v.host_cs |= 3; }},
        {"a host selector has TI or RPL", [](Vmcs &v) { v.host_ss = 4; }},
        {"a host selector has TI or RPL", [](Vmcs &v) { v.host_ds = 2; }},
        {"a host selector has TI or RPL", [](Vmcs &v) { v.host_fs = 4; }},
        {"a host selector has TI or RPL", [](Vmcs &v) { v.host_gs = 1; }},
        {"a host selector has TI or RPL", [](Vmcs &v) { v.host_tr |= 4; }},
        {"host CS is null", [](Vmcs &v) { v.host_cs = 0; }},
        {"host TR is null", [](Vmcs &v) { v.host_tr = 0; }},
        {"a base of the host is not canonical", [](Vmcs &v) { v.host_fs_base = kNotCanonical; }},
        {"a base of the host is not canonical", [](Vmcs &v) { v.host_gs_base = kNotCanonical; }},
        {"a base of the host is not canonical", [](Vmcs &v) { v.host_tr_base = kNotCanonical; }},
        {"a base of the host is not canonical", [](Vmcs &v) { v.host_gdtr_base = kNotCanonical; }},
        {"a base of the host is not canonical", [](Vmcs &v) { v.host_idtr_base = kNotCanonical; }},
        {"the host is not 64 bits wide", [](Vmcs &v) { v.exit &= ~std::uint64_t{exit_control::HostAddressSpaceSize}; }},
        {"host CR4.PAE is clear", [](Vmcs &v) { v.host_cr4 &= ~x86::cr4::PAE; }},
        {"host RIP is not canonical", [](Vmcs &v) { v.host_rip = kNotCanonical; }},
    };
    expect_each(cases);
}

TEST(VmxEntryCheck, LimitsComeFromTheCpu) {
    test::Hardware hardware; // 40 bits
    hardware.leaves[{0x80000008, 0}] = {0x3930, 0, 0, 0};
    hardware.leaves[{7, 0}] = {0, 1u << 11, 0, 0};
    test::play(&hardware);
    const EntryLimits limits = entry_limits(test::sapphire_rapids().capabilities());
    test::play(nullptr);
    EXPECT_EQ(limits.physical_bits, 48u);
    EXPECT_EQ(limits.linear_bits, 57u);
    EXPECT_TRUE(limits.rtm && !limits.bus_locks);
    EXPECT_EQ(fault([](Vmcs &v) { v.cr3 = kBeyond; }, limits), "");
    EXPECT_EQ(fault([](Vmcs &v) { v.rip = kNotCanonical; }, limits), "");
    EXPECT_EQ(fault([](Vmcs &v) { v.host_gs_base = kNotCanonical; }, limits), "");
    EXPECT_EQ(fault([](Vmcs &v) { v.host_rip = kNotCanonical; }, limits), "host RIP is not canonical");
    EXPECT_EQ(fault(
                  [](Vmcs &v) {
                      v.host_rip = kNotCanonical;
                      v.host_cr4 |= x86::cr4::LA57;
                  },
                  limits),
              "");
    EXPECT_EQ(fault([](Vmcs &v) { v.rip = bit(57); }, limits), "RIP is not canonical");
    EXPECT_EQ(fault([](Vmcs &v) { v.rip = ~0ull << 56; }, limits), "");
}

} // namespace
} // namespace vmm::vmx

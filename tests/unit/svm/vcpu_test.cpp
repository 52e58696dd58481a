// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/svm/vcpu.hpp"

#include "tests/unit/fakes/svm_fixture.hpp"

namespace vmm::test {
namespace {

using namespace svm;
using x86::Gpr;
using x86::Vector;

class VcpuTest : public SvmFixture {
  protected:
    VcpuTest() { capture(); }
    std::uint64_t queued() { return vmcb().control.event_inj; }
    static constexpr std::uint64_t kBs = bit(14);
};

constexpr std::uint64_t exception(unsigned vector) {
    return event::Valid | event::TypeField::make(event::Exception) | vector;
}

TEST_F(VcpuTest, CodeSizes) {
    constexpr std::uint64_t kLong = x86::efer::LMA;
    struct {
        std::uint64_t cr0, efer, rflags;
        std::uint16_t attributes;
        CodeSize size;
    } const rows[] = {
        {x86::cr0::PE, kLong, 2, attribute::Long, CodeSize::Bits64},
        {x86::cr0::PE, kLong, 2, attribute::Default, CodeSize::Bits32}, // compatibility mode
        {x86::cr0::PE, kLong, 2, 0, CodeSize::Bits16},
        {x86::cr0::PE, 0, 2, attribute::Default, CodeSize::Bits32},
        {x86::cr0::PE, 0, 2, attribute::Long | attribute::Default, CodeSize::Bits32}, // L means nothing there
        {x86::cr0::PE, 0, 2, 0, CodeSize::Bits16},
        {x86::cr0::PE, 0, x86::rflags::VM, attribute::Default, CodeSize::Bits16}, // virtual-8086
        {0, 0, 2, attribute::Default, CodeSize::Bits16},                          // real mode
    };
    for (const auto &row : rows) {
        vmcb().save.cr0 = row.cr0;
        vmcb().save.efer = row.efer;
        vmcb().save.rflags = row.rflags;
        vmcb().save.cs.attributes = row.attributes;
        EXPECT_EQ(vcpu().code_size(), row.size);
    }
}

TEST_F(VcpuTest, InstructionAddresses) {
    vmcb().save.cs.base = 0xffff0000;
    vmcb().save.rip = 0xfff0;
    EXPECT_EQ(vcpu().instruction_address(CodeSize::Bits16), Gva(0xfffffff0));
    EXPECT_EQ(vcpu().instruction_address(CodeSize::Bits64), Gva(0xfff0)); // the base counts as zero
    vmcb().save.rip = 0x20000;
    EXPECT_EQ(vcpu().instruction_address(CodeSize::Bits32), Gva(0x10000)); // 32 bits
}

TEST_F(VcpuTest, AdvancingEndsAShadow) {
    vmcb().control.interrupt_shadow = 1;
    vcpu().advance(3);
    EXPECT_EQ(vmcb().save.rip, Guest::kCode + 3);
    EXPECT_EQ(vmcb().control.interrupt_shadow, 0u);
    EXPECT_FALSE(vcpu().event_queued());
}

TEST_F(VcpuTest, AdvancingUnderTfTraps) {
    vmcb().save.rflags |= x86::rflags::TF;
    vcpu().advance(2);
    EXPECT_EQ(queued(), exception(1));
    EXPECT_TRUE(vmcb().save.dr6 & kBs);
}

TEST_F(VcpuTest, ExceptionsCarryTheirErrors) {
    vcpu().inject(Vector::InvalidOpcode);
    EXPECT_EQ(queued(), 0x8000'0306u);
    vmcb().control.event_inj = 0;
    vcpu().inject(Vector::GeneralProtection, 0);
    EXPECT_EQ(queued(), 0x8000'0b0du);
    vmcb().control.event_inj = 0;
    vcpu().inject(Vector::PageFault, 0x1234'5678);
    EXPECT_EQ(queued(), 0x1234'5678'8000'0b0eu);
}

// APM vol. 2, table 8-4: which two exceptions are a double fault. Others are taken one after the other, the second
// first.
TEST_F(VcpuTest, DoubleFaults) {
    constexpr unsigned kContributory[] = {0, 10, 11, 12, 13}, kBenign[] = {1, 3, 4, 5, 6, 7, 16, 17, 18, 19};
    const auto second_after = [&](unsigned first, unsigned second) {
        vmcb().control.event_inj = exception(first);
        vcpu().inject(static_cast<Vector>(second), 0x55);
        return queued();
    };
    const std::uint64_t doubled = exception(8) | event::HasError; // its error code is zero
    for (unsigned first : kContributory) {
        for (unsigned second : kContributory)
            EXPECT_EQ(second_after(first, second), doubled) << first << " " << second;
        EXPECT_EQ(event::VectorField::get(second_after(first, 14)), 14) << first;
    }
    for (unsigned second : {0u, 10u, 11u, 12u, 13u, 14u})
        EXPECT_EQ(second_after(14, second), doubled) << second;
    for (unsigned benign : kBenign)
        for (unsigned other : {0u, 1u, 6u, 13u, 14u, 17u}) {
            EXPECT_EQ(event::VectorField::get(second_after(benign, other)), other) << benign;
            EXPECT_EQ(event::VectorField::get(second_after(other, benign)), benign) << other;
        }
}

using VcpuDeathTest = VcpuTest;

TEST_F(VcpuDeathTest, TripleFaults) {
    for (unsigned second : {0u, 10u, 11u, 12u, 13u, 14u})
        EXPECT_DEATH(
            {
                vmcb().control.event_inj = exception(8);
                vcpu().inject(static_cast<Vector>(second), 0);
            },
            "panic: the machine does not reset");
    vmcb().control.event_inj = exception(8);
    vcpu().inject(Vector::MachineCheck);
    EXPECT_EQ(queued(), exception(18)); // benign
}

// A vector alone does not make an exception: an interrupt of vector 13 is none.
TEST_F(VcpuTest, InterruptsAreNoExceptions) {
    vmcb().control.event_inj = event::Valid | 13;
    vcpu().inject(Vector::GeneralProtection, 0);
    EXPECT_EQ(queued(), 0x8000'0b0du);
}

TEST_F(VcpuTest, CanTakeNmis) {
    EXPECT_TRUE(vcpu().can_take_nmi());
    vmcb().control.interrupt_shadow = 1;
    EXPECT_FALSE(vcpu().can_take_nmi());
    vmcb().control.interrupt_shadow = 0;
    vmcb().save.rflags &= ~x86::rflags::IF;
    EXPECT_TRUE(vcpu().can_take_nmi());
    vcpu().inject(Vector::Debug);
    EXPECT_FALSE(vcpu().can_take_nmi());
}

// A virtual interrupt of the highest priority, whatever the TPR says: APM vol. 2, 15.21.4.
TEST_F(VcpuTest, OfferThatIsTaken) {
    const std::uint32_t before = vmcb().control.intercept3;
    EXPECT_FALSE(vcpu().has_offered());
    vcpu().offer_interrupt(0xec);
    EXPECT_TRUE(vcpu().has_offered());
    EXPECT_EQ(vmcb().control.vintr, 0xec'011f'0100u);
    EXPECT_EQ(vmcb().control.intercept3, before); // and no exit for it
    EXPECT_FALSE(vcpu().event_queued());
    vmcb().control.vintr &= ~vintr::VIrq; // as the CPU leaves it
    EXPECT_EQ(vcpu().end_offer(), MaybeVector(0xec));
    EXPECT_FALSE(vcpu().has_offered());
    EXPECT_EQ(vmcb().control.vintr, vintr::VIntrMasking);
}

TEST_F(VcpuTest, OfferThatIsNotTaken) {
    vcpu().offer_interrupt(0xec);
    EXPECT_EQ(vcpu().end_offer(), MaybeVector());
    EXPECT_FALSE(vcpu().has_offered());
    EXPECT_EQ(vmcb().control.vintr, vintr::VIntrMasking);
}

// The delivery ended in an exit: it is requeued, and so it counts as taken.
TEST_F(VcpuTest, OfferCutShort) {
    vcpu().offer_interrupt(0xec);
    vmcb().control.exit_int_info = 0x8000'00ec;
    EXPECT_EQ(vcpu().end_offer(), MaybeVector(0xec));
    vcpu().offer_interrupt(0xec);
    vmcb().control.exit_int_info = 0x8000'030e; // another event
    EXPECT_EQ(vcpu().end_offer(), MaybeVector());
}

// From the injected NMI to the step over its IRET, the next one waits.
TEST_F(VcpuTest, NmiUntilItsIret) {
    const std::uint32_t before = vmcb().control.intercept3;
    vcpu().inject_nmi();
    EXPECT_EQ(queued(), 0x8000'0202u);
    vmcb().control.event_inj = 0; // delivered
    EXPECT_FALSE(vcpu().can_take_nmi());
    vcpu().open_nmi_window();
    EXPECT_FALSE(vmcb().save.rflags & x86::rflags::TF); // the IRET is the window
    EXPECT_TRUE(vmcb().control.intercept3 & intercept::Iret);
    EXPECT_FALSE(exit(ExitCode::Iret));
    EXPECT_FALSE(vmcb().control.intercept3 & intercept::Iret);
    EXPECT_TRUE(vmcb().save.rflags & x86::rflags::TF);
    EXPECT_FALSE(vcpu().can_take_nmi());
    vmcb().save.rflags &= ~x86::rflags::TF; // as IRET loads them
    vmcb().save.dr6 |= kBs;
    EXPECT_FALSE(exit(static_cast<ExitCode>(0x41)));
    EXPECT_FALSE(vcpu().event_queued()); // the trap was the VMM's
    EXPECT_FALSE(vmcb().save.dr6 & kBs);
    EXPECT_TRUE(vcpu().can_take_nmi());
    EXPECT_EQ(vmcb().control.intercept3, before);
}

TEST_F(VcpuTest, GuestsOwnDebugTrapIsItsOwn) {
    EXPECT_FALSE(exit(static_cast<ExitCode>(0x41)));
    EXPECT_EQ(queued(), exception(1));
}

TEST_F(VcpuTest, NmiStepsOverAShadow) {
    vmcb().control.interrupt_shadow = 1;
    vcpu().open_nmi_window();
    EXPECT_TRUE(vmcb().save.rflags & x86::rflags::TF);
    vmcb().control.interrupt_shadow = 0;
    vmcb().save.dr6 |= kBs;
    EXPECT_FALSE(exit(static_cast<ExitCode>(0x41)));
    EXPECT_FALSE(vcpu().event_queued()); // the trap was the VMM's
    EXPECT_FALSE(vmcb().save.rflags & x86::rflags::TF);
    EXPECT_FALSE(vmcb().save.dr6 & kBs);
    EXPECT_TRUE(vcpu().can_take_nmi());
}

// The instruction in the shadow was emulated, or something else ended the shadow: the guest never sees the VMM's TF.
TEST_F(VcpuTest, StepOverAShadowEndsOtherwise) {
    vmcb().control.interrupt_shadow = 1;
    vcpu().open_nmi_window();
    vcpu().advance(2);
    EXPECT_FALSE(vmcb().save.rflags & x86::rflags::TF);
    EXPECT_FALSE(vcpu().event_queued());
    vmcb().control.interrupt_shadow = 1;
    vcpu().open_nmi_window();
    vmcb().control.interrupt_shadow = 0;
    vcpu().inject_nmi();
    EXPECT_FALSE(vmcb().save.rflags & x86::rflags::TF);
}

TEST_F(VcpuTest, GuestsOwnStepsGoOverTheShadow) {
    vmcb().control.interrupt_shadow = 1;
    vmcb().save.rflags |= x86::rflags::TF;
    vcpu().open_nmi_window();
    EXPECT_FALSE(exit(static_cast<ExitCode>(0x41)));
    EXPECT_EQ(queued(), exception(1));
    EXPECT_TRUE(vmcb().save.rflags & x86::rflags::TF);
}

// Another event goes first; a kick brings the CPU back as soon as it is delivered.
TEST_F(VcpuTest, NmiAfterAnEventKicks) {
    vcpu().inject(Vector::Debug);
    vcpu().open_nmi_window();
    EXPECT_EQ(rig_.cpu().kicks.load(), 1u);
    EXPECT_FALSE(vmcb().save.rflags & x86::rflags::TF);
}

// SVME is the VMM's: VMRUN wants it set and the guest must not see it.
TEST_F(VcpuTest, SvmeIsHidden) {
    EXPECT_TRUE(vmcb().save.efer & x86::efer::SVME);
    EXPECT_EQ(vcpu().guest_efer(), Guest::paging().efer);
    vcpu().set_guest_efer(0);
    EXPECT_EQ(vmcb().save.efer, x86::efer::SVME);
}

TEST_F(VcpuTest, HostContextIsEnteredOnce) {
    const std::string save = "vmsave " + std::to_string(state().vmcb_pa.raw());
    const std::string load = "vmload " + std::to_string(state().host_vmcb_pa.raw());
    vcpu().enter_host_context();
    vcpu().enter_host_context();
    EXPECT_EQ(rig_.hardware().trace, (std::vector{save, load}));
}

} // namespace
} // namespace vmm::test

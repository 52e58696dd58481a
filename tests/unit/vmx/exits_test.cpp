// SPDX-License-Identifier: GPL-2.0-only
// vmx_exit: from an exit reason in the VMCS to what the guest finds. SDM vol. 3, appendix C and 28.2.
#include "tests/unit/fakes/globals.hpp"
#include "tests/unit/fakes/vmx_fixture.hpp"

#include "vmm/core/interrupts.hpp"
#include "vmm/exit/exit.hpp"

namespace vmm::test {
namespace {

using namespace vmx;
using x86::Gpr;

constexpr std::uint64_t kGp = 0x8000'0b0d, kUd = 0x8000'0306;

class VmxExitsTest : public VmxFixture {
  protected:
    VmxExitsTest() { capture(); }
    static std::uint64_t rip() { return field(VmcsField::GuestRip); }
    std::uint64_t counted(ExitKind kind) { return rig_.cpu().console.stats.exits[static_cast<unsigned>(kind)]; }
    static std::uint64_t port(std::uint16_t number, unsigned size, std::uint64_t flags = 0) {
        return std::uint64_t{number} << 16 | (size - 1) | flags;
    }
};

// Lengths are the VMCS's: nothing is decoded, as no code is there.
TEST_F(VmxExitsTest, Cpuid) {
    gpr(Gpr::Rax) = 0x40000000;
    EXPECT_FALSE(exit(ExitReason::Cpuid, 5));
    EXPECT_EQ(gpr(Gpr::Rax), VMNIX_CPUID_VERSION);
    EXPECT_EQ(gpr(Gpr::Rbx), VMNIX_CPUID_EBX);
    EXPECT_EQ(rip(), Guest::kCode + 5);
    EXPECT_EQ(counted(ExitKind::Cpuid), 1u);
}

TEST_F(VmxExitsTest, MsrWriteAndRead) {
    gpr(Gpr::Rax) = 0x1000;
    gpr(Gpr::Rcx) = 0x12345;
    gpr(Gpr::Rdx) = 0xffff'ffff'0000'0002; // only the lower halves count
    EXPECT_FALSE(exit(ExitReason::Wrmsr, 2));
    EXPECT_EQ(rig_.hardware().msrs[0x12345], 0x2'0000'1000u);
    gpr(Gpr::Rax) = gpr(Gpr::Rdx) = ~0ull;
    EXPECT_FALSE(exit(ExitReason::Rdmsr, 3));
    EXPECT_EQ(gpr(Gpr::Rax), 0x1000u);
    EXPECT_EQ(gpr(Gpr::Rdx), 2u);
    EXPECT_EQ(rip(), Guest::kCode + 5);
    EXPECT_EQ(counted(ExitKind::MsrRead), 1u);
    EXPECT_EQ(counted(ExitKind::MsrWrite), 1u);
}

TEST_F(VmxExitsTest, Ports) {
    gpr(Gpr::Rax) = 0x11223344;
    EXPECT_FALSE(exit(ExitReason::Io, 2, port(0x92, 1)));
    EXPECT_FALSE(exit(ExitReason::Io, 1, port(0xcf8, 4)));
    const std::vector<Hardware::PortWrite> expected{{0x92, 1, 0x44}, {0xcf8, 4, 0x11223344}};
    EXPECT_EQ(rig_.hardware().port_writes, expected);
    rig_.hardware().ports[0x64] = 0xaabbccdd;
    gpr(Gpr::Rax) = 0x1111'2222'3333'4444;
    EXPECT_FALSE(exit(ExitReason::Io, 1, port(0x64, 2, io::In)));
    EXPECT_EQ(gpr(Gpr::Rax), 0x1111'2222'3333'ccddu);
    EXPECT_FALSE(exit(ExitReason::Io, 1, port(0x64, 4, io::In)));
    EXPECT_EQ(gpr(Gpr::Rax), 0xaabb'ccddu); // 32-bit results clear the upper half
    EXPECT_EQ(rip(), Guest::kCode + 5);
    EXPECT_FALSE(exit(ExitReason::Io, 2, port(0x64, 1, io::In | io::String)));
    EXPECT_EQ(queued(), kGp);
    EXPECT_EQ(rip(), Guest::kCode + 5);
}

TEST_F(VmxExitsTest, Hypercall) {
    gpr(Gpr::Rax) = VMNIX_HC_VERSION;
    EXPECT_FALSE(exit(ExitReason::Vmcall, 3));
    EXPECT_EQ(gpr(Gpr::Rax), 0u);
    EXPECT_EQ(gpr(Gpr::Rdi), static_cast<std::uint64_t>(VMNIX_HYPERCALL_ABI));
    EXPECT_EQ(rip(), Guest::kCode + 3);
}

TEST_F(VmxExitsTest, LeaveEndsTheLoop) {
    gpr(Gpr::Rax) = VMNIX_HC_LEAVE;
    g_others_leave = false;
    EXPECT_FALSE(exit(ExitReason::Vmcall, 3));
    EXPECT_EQ(gpr(Gpr::Rax), static_cast<std::uint64_t>(-VMNIX_HC_ETIMEDOUT));
    g_others_leave = true;
    gpr(Gpr::Rax) = VMNIX_HC_LEAVE;
    EXPECT_TRUE(exit(ExitReason::Vmcall, 3));
}

// One that has something to wake it goes on at once.
TEST_F(VmxExitsTest, Halt) {
    set(VmcsField::GuestRflags, 0x202);
    rig_.cpu().console.guest_nmis = 1;
    EXPECT_FALSE(exit(ExitReason::Hlt, 1));
    EXPECT_EQ(rip(), Guest::kCode + 1);
    EXPECT_EQ(queued(), 0x8000'0202u);
}

TEST_F(VmxExitsTest, LapicPage) {
    guest_.code(Guest::kCode, {0xc7, 0x04, 0x25, 0x80, 0x00, 0xe0, 0xfe, 0x40, 0, 0, 0}); // movl $0x40, 0xfee00080
    EXPECT_FALSE(
        exit({.reason = ExitReason::EptViolation,
              .qualification = ept_violation::Write | ept_violation::LinearValid | ept_violation::FinalTranslation,
              .address = 0xfee00080}));
    EXPECT_EQ(rig_.cpu().console.lapic.task_priority(), 0x40);
    EXPECT_EQ(rip(), Guest::kCode + 11);
}

TEST_F(VmxExitsTest, NestedFaultDetails) {
    using namespace ept_violation;
    const auto details = [&](std::uint64_t info) {
        set_exit_field(VmcsField::ExitQualification, info);
        return vcpu().nested_fault();
    };
    EXPECT_FALSE(details(Read).present || details(Read).write || details(Read).execute || details(Read).final);
    EXPECT_TRUE(details(Readable).present && details(Writable).present && details(Executable).present);
    EXPECT_TRUE(details(Write).write && details(Fetch).execute);
    EXPECT_TRUE(details(LinearValid | FinalTranslation).final);
    EXPECT_FALSE(details(LinearValid).final);      // the walk of the guest's tables
    EXPECT_FALSE(details(FinalTranslation).final); // the bit means nothing without the other
}

// The exit acknowledges the interrupt, 25.7.1: no window is opened for it.
TEST_F(VmxExitsTest, PhysicalInterrupt) {
    rig_.put_in_service(0, kKickVector);
    EXPECT_FALSE(exit({.reason = ExitReason::ExternalInterrupt, .event = 0x8000'0000u | kKickVector}));
    EXPECT_FALSE(traced("acknowledge_window"));
    EXPECT_EQ(state().acknowledged, 0);
    EXPECT_EQ(rip(), Guest::kCode);
    EXPECT_EQ(counted(ExitKind::Interrupt), 1u);
}

TEST_F(VmxExitsTest, InstructionsOfVirtualisationAreUndefined) {
    for (ExitReason reason : {ExitReason::Vmclear, ExitReason::Vmlaunch, ExitReason::Vmptrld, ExitReason::Vmptrst,
                              ExitReason::Vmread, ExitReason::Vmresume, ExitReason::Vmwrite, ExitReason::Vmxoff,
                              ExitReason::Vmxon, ExitReason::Invept, ExitReason::Invvpid, ExitReason::Getsec}) {
        EXPECT_FALSE(exit(reason, 3));
        EXPECT_EQ(queued(), kUd);
        EXPECT_EQ(rip(), Guest::kCode);
    }
}

TEST_F(VmxExitsTest, PhysicalInitIsIgnored) {
    EXPECT_FALSE(exit(ExitReason::Init));
    EXPECT_EQ(rip(), Guest::kCode);
    EXPECT_FALSE(vcpu().event_queued());
}

TEST_F(VmxExitsTest, InvdWritesBack) {
    EXPECT_FALSE(exit(ExitReason::Invd, 2));
    EXPECT_EQ(rig_.hardware().wbinvds, 1u);
    EXPECT_EQ(rip(), Guest::kCode + 2);
}

TEST_F(VmxExitsTest, Xsetbv) {
    gpr(Gpr::Rax) = 3;
    gpr(Gpr::Rcx) = gpr(Gpr::Rdx) = 0;
    EXPECT_FALSE(exit(ExitReason::Xsetbv, 3));
    EXPECT_EQ(rig_.hardware().xcr0, 3u);
    EXPECT_EQ(rip(), Guest::kCode + 3);
}

// The guest's rSP is in its register while it does not run, and back in the VMCS when it does.
TEST_F(VmxExitsTest, StackPointer) {
    set(VmcsField::GuestRsp, 0x7770);
    gpr(Gpr::Rsp) = 0;
    EXPECT_FALSE(exit(ExitReason::Cpuid, 2));
    EXPECT_EQ(gpr(Gpr::Rsp), 0x7770u);
    EXPECT_EQ(field(VmcsField::GuestRsp), 0x7770u);
}

// ---- events ----

class VmxEventsTest : public VmxExitsTest {
  protected:
    static constexpr std::uint32_t kNmi = 0x8000'0202, kPageFault = 0x8000'0b0e;
    std::uint64_t blocked() { return field(VmcsField::GuestInterruptibility); }
    void set_blocked(std::uint64_t value) { set(VmcsField::GuestInterruptibility, value); }
    void set_if(bool on) { set(VmcsField::GuestRflags, on ? 0x202 : 2); }
    bool window(std::uint32_t control) { return field(VmcsField::ProcessorControls) & control; }
    void pend(std::uint8_t vector) {
        rig_.put_in_service(0, vector);
        EXPECT_FALSE(exit({.reason = ExitReason::ExternalInterrupt, .event = 0x8000'0000u | vector}));
    }
};

TEST_F(VmxEventsTest, InterruptIsInjected) {
    set_if(true);
    pend(0x61);
    EXPECT_EQ(queued(), 0x8000'0061u);
    EXPECT_FALSE(window(processor::InterruptWindow));
    EXPECT_FALSE(exit(ExitReason::Cpuid, 2)); // it has been delivered by then
    EXPECT_FALSE(vcpu().event_queued());
    EXPECT_FALSE(vcpu().has_offered());
    EXPECT_TRUE(rig_.cpu().console.lapic.in_service().test(0x61));
}

// With IF clear the guest exits as soon as it is set: 25.6.2. The offer was not taken, and is made again.
TEST_F(VmxEventsTest, InterruptWaitsForItsWindow) {
    set_if(false);
    pend(0x61);
    EXPECT_FALSE(vcpu().event_queued());
    EXPECT_TRUE(window(processor::InterruptWindow));
    EXPECT_FALSE(exit(ExitReason::Cpuid, 2));
    EXPECT_FALSE(rig_.cpu().console.lapic.in_service().test(0x61));
    EXPECT_TRUE(window(processor::InterruptWindow));
    set_if(true);
    EXPECT_FALSE(exit(ExitReason::InterruptWindow));
    EXPECT_EQ(queued(), 0x8000'0061u);
    EXPECT_FALSE(window(processor::InterruptWindow));
    EXPECT_EQ(rip(), Guest::kCode + 2);
    EXPECT_EQ(rig_.cpu().console.stats.exits[VMNIX_EXIT_WINDOW], 1u);
}

TEST_F(VmxEventsTest, ShadowHoldsInterruptsBack) {
    for (std::uint32_t shadow : {interruptibility::BlockingBySti, interruptibility::BlockingByMovSs}) {
        set_if(true);
        set_blocked(shadow);
        vcpu().offer_interrupt(0x61);
        EXPECT_FALSE(vcpu().event_queued());
        EXPECT_TRUE(window(processor::InterruptWindow));
        EXPECT_EQ(vcpu().end_offer(), MaybeVector());
        EXPECT_FALSE(window(processor::InterruptWindow));
    }
}

// As of the 8259 after the LAPIC's: what is injected is what counts as taken.
TEST_F(VmxEventsTest, SecondOfferReplacesTheFirst) {
    set_if(true);
    vcpu().offer_interrupt(0x61);
    vcpu().offer_interrupt(0x38);
    EXPECT_EQ(queued(), 0x8000'0038u);
    EXPECT_FALSE(window(processor::InterruptWindow));
    EXPECT_EQ(vcpu().end_offer(), MaybeVector(0x38));
}

// The delivery ended in an exit: the interrupt has been taken from the LAPIC, and is delivered again.
TEST_F(VmxEventsTest, InterruptCutShort) {
    set_if(true);
    pend(0x61);
    EXPECT_FALSE(exit({.reason = ExitReason::Cpuid, .length = 2, .vectoring = 0x8000'0061}));
    EXPECT_TRUE(rig_.cpu().console.lapic.in_service().test(0x61));
    EXPECT_EQ(queued(), 0x8000'0061u);
}

TEST_F(VmxEventsTest, ExceptionCutShortKeepsItsError) {
    EXPECT_FALSE(exit({.reason = ExitReason::ExternalInterrupt,
                       .event = 0x8000'00f0,
                       .vectoring = kPageFault,
                       .vectoring_error = 6}));
    EXPECT_EQ(queued(), kPageFault);
    EXPECT_EQ(field(VmcsField::VmEntryExceptionErrorCode), 6u);
}

// NMIs are blocked from the beginning of one's delivery; one that is injected again must find them open: 27.2.1.3.
TEST_F(VmxEventsTest, NmiCutShort) {
    set_blocked(interruptibility::BlockingByNmi);
    EXPECT_FALSE(exit({.reason = ExitReason::Cpuid, .length = 2, .vectoring = kNmi | interruption::NmiUnblocking}));
    EXPECT_EQ(queued(), kNmi);
    EXPECT_FALSE(blocked() & interruptibility::BlockingByNmi);
}

// INT n, INT3 and INT1 are executed again, as RIP is still theirs: 28.2.4.
TEST_F(VmxEventsTest, SoftwareEventsAreNotRequeued) {
    for (std::uint32_t vectoring : {0x8000'0480u, 0x8000'0603u, 0x8000'0501u}) {
        EXPECT_FALSE(exit({.reason = ExitReason::ExternalInterrupt, .event = 0x8000'00f0, .vectoring = vectoring}));
        EXPECT_FALSE(vcpu().event_queued()) << std::hex << vectoring;
    }
}

// A second fault during an exception's delivery is a double fault.
TEST_F(VmxEventsTest, FaultDuringDelivery) {
    EXPECT_FALSE(exit({.reason = ExitReason::ExceptionOrNmi, .event = 0x8000'0b11, .vectoring = kPageFault}));
    EXPECT_EQ(queued(), 0x8000'0b11u); // #AC is benign, and comes first
    gpr(Gpr::Rcx) = 0x12345;
    rig_.hardware().faulting_msrs.insert(0x12345);
    EXPECT_FALSE(exit({.reason = ExitReason::Rdmsr, .length = 2, .vectoring = kPageFault}));
    EXPECT_EQ(queued(), 0x8000'0b08u);
    EXPECT_EQ(field(VmcsField::VmEntryExceptionErrorCode), 0u);
}

// An IRET that faulted on its way had unblocked NMIs: 28.2.3. During an event's delivery the bit means nothing.
TEST_F(VmxEventsTest, IretThatFaulted) {
    const auto fault = [&](std::uint32_t vectoring) {
        set_if(true);
        set_blocked(0);
        guest_.code(Guest::kCode, {0xc7, 0x04, 0x25, 0x80, 0x00, 0xe0, 0xfe, 0x40, 0, 0, 0});
        set(VmcsField::GuestRip, Guest::kCode);
        EXPECT_FALSE(exit({.reason = ExitReason::EptViolation,
                           .qualification = ept_violation::Write | ept_violation::LinearValid |
                                            ept_violation::FinalTranslation | ept_violation::NmiUnblocking,
                           .vectoring = vectoring,
                           .address = 0xfee00080}));
        return blocked();
    };
    EXPECT_EQ(fault(0), std::uint64_t{interruptibility::BlockingByNmi});
    EXPECT_EQ(fault(0x8000'0061), 0u);
}

TEST_F(VmxEventsTest, NmiIsCountedByTheHandlerAndInjected) {
    rig_.cpu().arrived.nmis = 1; // what the VMM's handler does
    EXPECT_FALSE(exit({.reason = ExitReason::ExceptionOrNmi, .event = kNmi}));
    EXPECT_TRUE(traced("nmi_again"));
    EXPECT_EQ(queued(), kNmi);
    EXPECT_EQ(counted(ExitKind::Nmi), 1u);
}

TEST_F(VmxEventsTest, NmiWaitsForItsWindow) {
    set_blocked(interruptibility::BlockingByNmi);
    rig_.cpu().arrived.nmis = 1;
    EXPECT_FALSE(exit({.reason = ExitReason::ExceptionOrNmi, .event = kNmi}));
    EXPECT_FALSE(vcpu().event_queued());
    EXPECT_TRUE(window(processor::NmiWindow));
    EXPECT_FALSE(exit(ExitReason::Cpuid, 2));
    EXPECT_TRUE(window(processor::NmiWindow));
    set_blocked(0); // by its IRET
    EXPECT_FALSE(exit(ExitReason::NmiWindow));
    EXPECT_EQ(queued(), kNmi);
    EXPECT_FALSE(window(processor::NmiWindow));
}

TEST_F(VmxEventsTest, NmisAndWhatBlocksThem) {
    EXPECT_TRUE(vcpu().can_take_nmi());
    for (std::uint32_t block :
         {interruptibility::BlockingBySti, interruptibility::BlockingByMovSs, interruptibility::BlockingByNmi}) {
        set_blocked(block);
        EXPECT_FALSE(vcpu().can_take_nmi()) << block;
    }
    set_blocked(0);
    vcpu().inject(x86::Vector::Debug);
    EXPECT_FALSE(vcpu().can_take_nmi());
}

TEST_F(VmxEventsTest, WatchedExceptions) {
    EXPECT_FALSE(exit({.reason = ExitReason::ExceptionOrNmi, .event = 0x8000'0b11}));
    EXPECT_EQ(queued(), 0x8000'0b11u); // #AC, error code zero
    EXPECT_FALSE(exit({.reason = ExitReason::ExceptionOrNmi, .event = 0x8000'0312}));
    EXPECT_EQ(queued(), 0x8000'0312u); // #MC
    EXPECT_EQ(counted(ExitKind::Exception), 2u);
}

// 28.1: the exit comes before DR6 and DR7 are changed, and an injected #DB changes neither.
TEST_F(VmxEventsTest, DebugExceptionUpdatesItsRegisters) {
    rig_.hardware().dr6 = 0xffff0ff8; // breakpoints of before go, BS of before stays: SDM vol. 3, 18.2.3
    set(VmcsField::GuestDr7, 0x2400); // GD
    EXPECT_FALSE(exit(
        {.reason = ExitReason::ExceptionOrNmi, .qualification = debug_exit::DebugRegister | 1, .event = 0x8000'0301}));
    EXPECT_EQ(rig_.hardware().dr6, 0xffff2ff1u);
    EXPECT_EQ(field(VmcsField::GuestDr7), 0x400u);
    EXPECT_EQ(queued(), 0x8000'0301u);
    EXPECT_FALSE(
        exit({.reason = ExitReason::ExceptionOrNmi, .qualification = debug_exit::SingleStep, .event = 0x8000'0301}));
    EXPECT_EQ(rig_.hardware().dr6, 0xffff6ff0u);
}

// ---- what arrives between the preparation of an entry and the entry ----

TEST_F(VmxEventsTest, LookingAgainTakesTheOfferBack) {
    set_if(true);
    pend(0x61);
    EXPECT_EQ(queued(), 0x8000'0061u);
    rig_.cpu().unseen = 1;
    rig_.cpu().arrived.nmis = 1;
    next = vmx_look_again(rig_.cpu().console);
    EXPECT_EQ(next, &rig_.cpu().console);
    EXPECT_EQ(rig_.cpu().unseen, 0);
    EXPECT_EQ(queued(), kNmi); // first, and the interrupt has not been taken
    EXPECT_FALSE(rig_.cpu().console.lapic.in_service().test(0x61));
    EXPECT_FALSE(exit(ExitReason::Cpuid, 2)); // the NMI has been delivered; the interrupt comes after it
    EXPECT_EQ(queued(), 0x8000'0061u);
}

TEST_F(VmxEventsTest, LookingAgainKeepsWhatIsNotAnOffer) {
    vcpu().inject(x86::Vector::GeneralProtection, 0);
    rig_.cpu().unseen = 1;
    EXPECT_EQ(vmx_look_again(rig_.cpu().console), &rig_.cpu().console);
    EXPECT_EQ(queued(), kGp);
}

// An exception is queued and an interrupt waits behind it: the interrupt's offer goes, the exception stays.
TEST_F(VmxEventsTest, LookingAgainKeepsTheExceptionBeforeAnOffer) {
    set_if(true);
    vcpu().inject(x86::Vector::GeneralProtection, 0);
    vcpu().offer_interrupt(0x61);
    EXPECT_EQ(vmx_look_again(rig_.cpu().console), &rig_.cpu().console);
    EXPECT_EQ(queued(), kGp);
    EXPECT_FALSE(vcpu().has_offered());
    EXPECT_FALSE(window(processor::InterruptWindow));
}

class VmxExitsDeathTest : public VmxExitsTest {};

TEST_F(VmxExitsDeathTest, TripleFaultResetsTheMachine) {
    EXPECT_DEATH((void)exit(ExitReason::TripleFault), "panic: the machine does not reset");
}

TEST_F(VmxExitsDeathTest, TaskSwitchIsLikeOne) {
    EXPECT_DEATH((void)exit(ExitReason::TaskSwitch, 2), "panic: the machine does not reset");
}

TEST_F(VmxExitsDeathTest, UnknownExits) {
    for (ExitReason reason : {ExitReason::Rdtsc, ExitReason::MovDr, ExitReason::ApicAccess, ExitReason::PreemptionTimer,
                              static_cast<ExitReason>(0x4000)})
        EXPECT_DEATH((void)exit(reason, 2), "panic: an exit that was not asked for");
}

// The CPU's words where the oracle finds nothing, the oracle's where it does.
TEST_F(VmxExitsDeathTest, EntryThatFails) {
    EXPECT_DEATH((void)exit({.reason = ExitReason::EntryFailureMsrLoading, .qualification = 1, .entry_failure = true}),
                 "panic: .*MSR");
    EXPECT_DEATH(
        {
            set(VmcsField::GuestRflags, 0);
            (void)exit({.reason = ExitReason::EntryFailureGuestState, .entry_failure = true});
        },
        "panic: .*RFLAGS");
    EXPECT_DEATH(
        {
            set_exit_field(VmcsField::VmInstructionError, 7);
            (void)vmx_entry_failed(rig_.cpu().console);
        },
        "panic: .*control");
}

} // namespace
} // namespace vmm::test

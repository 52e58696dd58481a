// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/exit/control.hpp"

#include "tests/unit/fakes/exit_fixture.hpp"

namespace vmm::test {
namespace {

using x86::Gpr;

class ControlExit : public ExitFixture {
  protected:
    bool xsetbv(std::uint64_t value, std::uint64_t index = 0) {
        gpr(Gpr::Rax) = 0xffff'ffff'0000'0000 | (value & 0xffff'ffff);
        gpr(Gpr::Rdx) = 0xffff'ffff'0000'0000 | value >> 32;
        gpr(Gpr::Rcx) = index;
        guest().rip = Guest::kCode;
        guest().queued.reset();
        EXPECT_EQ(handle_xsetbv(vcpu(), {.kind = ExitKind::Control, .length = 3}), Verdict::Resume);
        if (guest().queued)
            expect_general_protection();
        EXPECT_NE(guest().queued.has_value(), guest().rip == Guest::kCode + 3);
        return !guest().queued;
    }
    void support(std::uint64_t components) {
        auto &leaf = hardware().leaves[{0xd, 0}];
        leaf.eax = static_cast<std::uint32_t>(components);
        leaf.edx = static_cast<std::uint32_t>(components >> 32);
    }
};

// APM vol. 4, XSETBV. A wrong combination must fault in the guest: the CPU would fault in the VMM.
TEST_F(ControlExit, Xcr0) {
    support(0x3ff);
    for (std::uint64_t value : {1, 3, 7, 0x1f, 0xe7, 0xff, 0x203, 0x2ff}) {
        EXPECT_TRUE(xsetbv(value)) << std::hex << value;
        EXPECT_EQ(hardware().xcr0, value);
    }
    hardware().xcr0 = 7;
    for (std::uint64_t value : {0x0ull, 0x2ull, 0x6ull, 0x5ull,     // x87 always; AVX wants SSE
                                0x0bull, 0x13ull,                   // half of MPX
                                0x23ull, 0x27ull, 0x67ull, 0xa7ull, // parts of AVX-512
                                0xe3ull, 0x107ull, 0x407ull, 1ull << 62 | 7}) {
        EXPECT_FALSE(xsetbv(value)) << std::hex << value;
        EXPECT_EQ(hardware().xcr0, 7u);
    }
}

TEST_F(ControlExit, Xcr0ComponentsThatTheCpuLacks) {
    support(7);
    EXPECT_TRUE(xsetbv(7));
    for (std::uint64_t value : {0x1full, 0xe7ull, 0x207ull})
        EXPECT_FALSE(xsetbv(value)) << std::hex << value;
}

TEST_F(ControlExit, XsetbvRules) {
    EXPECT_FALSE(xsetbv(3, 1)); // no other register
    EXPECT_TRUE(xsetbv(3, 0xffff'ffff'0000'0000));
    guest().cpl = 3;
    EXPECT_FALSE(xsetbv(3));
}

TEST_F(ControlExit, OtherBytesByNow) {
    guest_.code(Guest::kCode, {0x90, 0x90, 0x90, 0x90});
    EXPECT_EQ(handle_xsetbv(vcpu(), {.kind = ExitKind::Control}), Verdict::Resume);
    EXPECT_EQ(handle_invd(vcpu(), {.kind = ExitKind::Control}), Verdict::Resume);
    expect_no_event();
    EXPECT_EQ(hardware().xcr0, 7u);
    EXPECT_EQ(hardware().wbinvds, 0u);
    EXPECT_EQ(guest().rip, Guest::kCode);
}

TEST_F(ControlExit, InvdKeepsWhatOthersWrote) {
    guest_.code(Guest::kCode, {0x0f, 0x08});
    EXPECT_EQ(handle_invd(vcpu(), {.kind = ExitKind::Control}), Verdict::Resume);
    EXPECT_EQ(hardware().wbinvds, 1u);
    EXPECT_EQ(guest().rip, Guest::kCode + 2);
}

// The console's own, intercepted only while it may not idle the CPU by itself.
TEST_F(ControlExit, WbinvdIsCarriedOut) {
    guest_.code(Guest::kCode, {0x0f, 0x09});
    EXPECT_EQ(handle_invd(vcpu(), {.kind = ExitKind::Control, .code = FakeVcpu::kWbinvd}), Verdict::Resume);
    EXPECT_EQ(hardware().wbinvds, 1u);
    EXPECT_EQ(guest().rip, Guest::kCode + 2);
    EXPECT_EQ(handle_invd(vcpu(), {.kind = ExitKind::Control, .code = FakeVcpu::kWbinvd}), Verdict::Resume);
    EXPECT_EQ(hardware().wbinvds, 1u); // other bytes by now
}

class IdleExit : public ControlExit {
  protected:
    void halt(std::uint64_t flags = x86::rflags::IF) {
        guest_.code(Guest::kCode, {0xf4});
        guest().rip = Guest::kCode;
        guest().rflags = x86::rflags::Fixed | flags;
        EXPECT_EQ(exit({.kind = ExitKind::Halt}), Verdict::Resume);
        EXPECT_EQ(guest().rip, Guest::kCode + 1);
    }
    World &console() { return cpu().console; }
};

TEST_F(IdleExit, HaltSleepsUntilAnInterrupt) {
    halt();
    EXPECT_TRUE(console().halted);
    guest().on_wait = [&] {
        EXPECT_EQ(console().place, kAsleep);
        rig_.put_in_service(0, 0x41);
    };
    enter();
    EXPECT_EQ(sleeps_, 1u);
    EXPECT_FALSE(console().halted);
    EXPECT_EQ(guest().offered, 0x41);
}

TEST_F(IdleExit, HaltWithSomethingPendingGoesOn) {
    console().lapic.inbox().post(0x41);
    halt();
    EXPECT_FALSE(console().halted);
    enter();
    EXPECT_EQ(sleeps_, 0u);
    EXPECT_EQ(guest().offered, 0x41);
}

// With interrupts off only an NMI ends it.
TEST_F(IdleExit, HaltWithInterruptsOff) {
    console().lapic.accept(0x41, false);
    halt(0);
    EXPECT_TRUE(console().halted);
    guest().on_wait = [&] {
        if (sleeps_ == 1)
            rig_.put_in_service(0, 0x42);
        else
            cpu().arrived.nmis = 1;
    };
    enter();
    EXPECT_EQ(sleeps_, 2u);
    EXPECT_EQ(guest().queued->kind, FakeGuest::Kind::Nmi);
    EXPECT_TRUE(console().lapic.requested().test(0x42));
}

// An interrupt below the task priority wakes nobody.
TEST_F(IdleExit, HaltMindsThePriority) {
    console().lapic.set_task_priority(0x50);
    console().lapic.accept(0x41, false);
    halt();
    EXPECT_TRUE(console().halted);
}

TEST_F(IdleExit, HaltOfOtherBytesByNow) {
    guest_.code(Guest::kCode, {0x90});
    guest().rip = Guest::kCode;
    EXPECT_EQ(exit({.kind = ExitKind::Halt}), Verdict::Resume);
    EXPECT_FALSE(console().halted);
    EXPECT_EQ(guest().rip, Guest::kCode);
}

// Its own timer wakes it, though nobody calls.
TEST_F(IdleExit, HaltEndsByTheTimer) {
    hardware().tsc_step = 0;
    console().lapic.write(LapicRegister::LvtTimer, 0x61, hardware().tsc);
    console().lapic.write(LapicRegister::InitialCount, 100, hardware().tsc);
    halt();
    guest().on_wait = [&] {
        EXPECT_LE(cpu().timer_armed, console().lapic.timer_deadline());
        hardware().tsc = cpu().timer_armed;
        rig_.put_in_service(0, kTimerVector);
    };
    enter();
    EXPECT_EQ(sleeps_, 1u);
    EXPECT_EQ(guest().offered, 0x61);
}

// What idles for a write to memory stays ready: nobody would report the write.
TEST_F(IdleExit, MwaitYields) {
    guest_.code(Guest::kCode, {0x0f, 0x01, 0xc9});
    EXPECT_EQ(handle_mwait(vcpu(), {.kind = ExitKind::Control}), Verdict::Resume);
    EXPECT_EQ(guest().rip, Guest::kCode + 3);
    EXPECT_FALSE(console().halted);
    EXPECT_EQ(cpu().arrived.reschedule, 1u);
    enter(); // nobody else wants the CPU
    EXPECT_EQ(sleeps_, 0u);
    EXPECT_EQ(handle_mwait(vcpu(), {.kind = ExitKind::Control}), Verdict::Resume);
    EXPECT_EQ(guest().rip, Guest::kCode + 3); // other bytes by now
    EXPECT_EQ(cpu().arrived.reschedule, 0u);
}

// While there are VMs, and not otherwise, as it costs exits.
TEST_F(IdleExit, IdlingIsInterceptedWhileThereAreVms) {
    guest().idle_exits = true;
    EXPECT_TRUE(begin_turn(vcpu()));
    EXPECT_FALSE(guest().idle_exits);
    g_vmm.vm_count = 1;
    EXPECT_TRUE(begin_turn(vcpu()));
    EXPECT_TRUE(guest().idle_exits);
}

TEST_F(ControlExit, ExceptionsAreHandedOn) {
    EXPECT_EQ(exit({.kind = ExitKind::Exception, .vector = 1}), Verdict::Resume);
    expect_exception(x86::Vector::Debug);
    EXPECT_EQ(exit({.kind = ExitKind::Exception, .vector = 17}), Verdict::Resume);
    expect_exception(x86::Vector::AlignmentCheck, 0);
    EXPECT_EQ(exit({.kind = ExitKind::Exception, .vector = 18}), Verdict::Resume);
    expect_exception(x86::Vector::MachineCheck);
}

TEST_F(ControlExit, TheVmmsOwnStepIsNotHandedOn) {
    guest().nmi_step = true;
    EXPECT_EQ(exit({.kind = ExitKind::Exception, .vector = 1}), Verdict::Resume);
    expect_no_event();
    EXPECT_EQ(exit({.kind = ExitKind::Exception, .vector = 1}), Verdict::Resume);
    expect_exception(x86::Vector::Debug);
}

TEST_F(ControlExit, NmiIsLetThrough) {
    EXPECT_EQ(exit({.kind = ExitKind::Nmi}), Verdict::Resume);
    EXPECT_EQ(guest().nmi_windows, 1u);
}

using ControlDeathTest = ControlExit;

TEST_F(ControlDeathTest, NmiOfAPanicStopsTheCpu) {
    g_vmm.panicking = true;
    EXPECT_DEATH((void)exit({.kind = ExitKind::Nmi}), "stopped for another CPU's panic");
}

TEST_F(ControlDeathTest, ShutdownResetsTheMachine) {
    EXPECT_DEATH((void)exit({.kind = ExitKind::Shutdown}), "panic: the machine does not reset");
}

} // namespace
} // namespace vmm::test

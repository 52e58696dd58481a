// SPDX-License-Identifier: GPL-2.0-only
// Between the virtual APIC and the machine: physical interrupts, effects of writes, and what is injected in which
// order.
#include "vmm/exit/apic.hpp"

#include "tests/unit/fakes/exit_fixture.hpp"

namespace vmm::test {
namespace {

using Kind = FakeGuest::Kind;

class ApicExit : public ExitFixture {
  protected:
    ApicExit() : ExitFixture({.cpus = 2, .io_apics = 1}) {}
    void deliver() { deliver_events(vcpu()); }
    // A physical interrupt ends the guest's turn.
    void interrupt(std::uint8_t vector, bool level = false) {
        guest().on_window = [=, this] { rig_.put_in_service(0, vector, level); };
        rig_.set_physical_lapic(0, LapicRegister::Eoi, 0xeeee);
        EXPECT_EQ(exit({.kind = ExitKind::Interrupt}), Verdict::Resume);
    }
    bool eoi_sent() { return rig_.physical_lapic(0, LapicRegister::Eoi) == 0; }
    bool requested(std::uint8_t vector) { return cpu().console.lapic.requested().test(vector); }
};

TEST_F(ApicExit, DeviceInterruptsAreForwarded) {
    interrupt(0x41);
    EXPECT_TRUE(eoi_sent());
    EXPECT_TRUE(requested(0x41));
    EXPECT_FALSE(cpu().console.lapic.level_pending().test(0x41));
}

TEST_F(ApicExit, LevelInterruptsWaitForTheGuest) {
    interrupt(0x42, true);
    EXPECT_TRUE(eoi_sent());
    EXPECT_TRUE(cpu().console.lapic.level_pending().test(0x42));
}

TEST_F(ApicExit, NothingWasThere) {
    guest().on_window = [] {};
    rig_.set_physical_lapic(0, LapicRegister::Eoi, 0xeeee);
    cpu().acknowledged = 0x77; // of the time before
    EXPECT_EQ(exit({.kind = ExitKind::Interrupt}), Verdict::Resume);
    EXPECT_FALSE(eoi_sent());
    EXPECT_FALSE(requested(0x77));
}

// A spurious vector is not in service: an EOI would end another one.
TEST_F(ApicExit, SpuriousInterruptsGetNoEoi) {
    guest().on_window = [&] { cpu().acknowledged = 0xff; };
    rig_.set_physical_lapic(0, LapicRegister::Eoi, 0xeeee);
    EXPECT_EQ(exit({.kind = ExitKind::Interrupt}), Verdict::Resume);
    EXPECT_FALSE(eoi_sent());
    EXPECT_FALSE(requested(0xff));
}

// The VMM's vectors are its own only with cause: kernels use them too.
TEST_F(ApicExit, OwnVectorsNeedACause) {
    interrupt(kKickVector);
    EXPECT_TRUE(requested(kKickVector));
    interrupt(kTimerVector);
    EXPECT_TRUE(requested(kTimerVector));
    EXPECT_TRUE(eoi_sent());
}

TEST_F(ApicExit, KicksAreTheVmms) {
    post_interrupt(cpu(1), cpu(0).console, 0x43);
    interrupt(kKickVector);
    EXPECT_TRUE(eoi_sent());
    EXPECT_FALSE(requested(kKickVector));
    cpu().console.lapic.collect();
    EXPECT_TRUE(requested(0x43));
    interrupt(kKickVector); // one kick, one claim
    EXPECT_TRUE(requested(kKickVector));
}

TEST_F(ApicExit, TimerIsTheVmms) {
    hardware().tsc_step = 0;
    cpu().console.lapic.write(LapicRegister::LvtTimer, 0x61, hardware().tsc);
    cpu().console.lapic.write(LapicRegister::InitialCount, 100, hardware().tsc);
    arm_timer(cpu());
    ASSERT_NE(cpu().timer_armed, ApicTimer::kNever);
    hardware().tsc += 1'000'000'000;
    interrupt(kTimerVector);
    EXPECT_TRUE(eoi_sent());
    EXPECT_FALSE(requested(kTimerVector));
    EXPECT_TRUE(requested(0x61));
    EXPECT_EQ(cpu().console.stats.timer_fired, 1u);
    EXPECT_EQ(cpu().timer_armed, ApicTimer::kNever); // a one-shot
}

// The physical timer may fire early, as it cannot be set for all that a guest may ask: it is set again.
TEST_F(ApicExit, TimerThatIsEarlyIsSetAgain) {
    hardware().tsc_step = 0;
    cpu().console.lapic.write(LapicRegister::LvtTimer, 0x61, hardware().tsc);
    cpu().console.lapic.write(LapicRegister::InitialCount, 0xffffffff, hardware().tsc); // divided by two: too long
    arm_timer(cpu());
    EXPECT_EQ(rig_.physical_lapic(0, LapicRegister::InitialCount), 0xffffffffu);
    hardware().tsc += 1'000'000;
    rig_.set_physical_lapic(0, LapicRegister::InitialCount, 0);
    interrupt(kTimerVector);
    EXPECT_FALSE(requested(0x61));
    EXPECT_NE(rig_.physical_lapic(0, LapicRegister::InitialCount), 0u);
}

// The deadline passed and was seen to before its interrupt came: the guest never asked for that one.
TEST_F(ApicExit, TimerThatIsLateIsStillTheVmms) {
    hardware().tsc_step = 0;
    cpu().console.lapic.write(LapicRegister::LvtTimer, 0x61, hardware().tsc);
    cpu().console.lapic.write(LapicRegister::InitialCount, 100, hardware().tsc);
    arm_timer(cpu());
    hardware().tsc += 1'000'000'000;
    arm_timer(cpu());
    EXPECT_TRUE(requested(0x61));
    ASSERT_EQ(cpu().timer_armed, ApicTimer::kNever);
    interrupt(kTimerVector);
    EXPECT_TRUE(eoi_sent());
    EXPECT_FALSE(requested(kTimerVector));
    interrupt(kTimerVector); // one timer, one claim
    EXPECT_TRUE(requested(kTimerVector));
}

TEST_F(ApicExit, TimerThatIsUnsetInTimeLeavesNothing) {
    hardware().tsc_step = 0;
    cpu().console.lapic.write(LapicRegister::LvtTimer, 0x61, hardware().tsc);
    cpu().console.lapic.write(LapicRegister::InitialCount, 1'000'000, hardware().tsc);
    arm_timer(cpu());
    cpu().console.lapic.write(LapicRegister::InitialCount, 0, hardware().tsc);
    arm_timer(cpu());
    interrupt(kTimerVector);
    EXPECT_TRUE(requested(kTimerVector));
}

TEST_F(ApicExit, OffersTheHighest) {
    cpu().console.lapic.accept(0x41, false);
    cpu().console.lapic.accept(0x91, false);
    deliver();
    EXPECT_EQ(guest().offered, 0x91);
    EXPECT_FALSE(cpu().console.lapic.in_service().test(0x91)); // the guest may not have seen it yet
    settle_offer(vcpu());
    EXPECT_TRUE(cpu().console.lapic.in_service().test(0x91));
    EXPECT_FALSE(requested(0x91));
    EXPECT_EQ(cpu().console.stats.injected_interrupts, 1u);
    deliver();
    EXPECT_FALSE(guest().offered); // 0x41 is below what is in service
}

TEST_F(ApicExit, WhatTheGuestDidNotTakeIsOfferedAnew) {
    guest().takes_offers = false;
    cpu().console.lapic.accept(0x41, false);
    deliver();
    settle_offer(vcpu());
    EXPECT_TRUE(requested(0x41)); // waits in the IRR
    EXPECT_FALSE(cpu().console.lapic.in_service().test(0x41));
    EXPECT_EQ(cpu().console.stats.injected_interrupts, 0u);
    deliver();
    EXPECT_EQ(guest().offered, 0x41);
}

TEST_F(ApicExit, SomethingMoreUrgentReplacesTheOffer) {
    guest().takes_offers = false;
    cpu().console.lapic.accept(0x41, false);
    deliver();
    cpu().console.lapic.accept(0x91, false);
    settle_offer(vcpu());
    deliver();
    EXPECT_EQ(guest().offered, 0x91);
    EXPECT_TRUE(requested(0x41));
}

// What was taken is what was offered, even if something more urgent has come since.
TEST_F(ApicExit, TakenIsWhatWasOffered) {
    cpu().console.lapic.accept(0x41, false);
    deliver();
    cpu().console.lapic.accept(0x91, false);
    settle_offer(vcpu());
    EXPECT_TRUE(cpu().console.lapic.in_service().test(0x41));
    EXPECT_TRUE(requested(0x91));
    deliver();
    EXPECT_EQ(guest().offered, 0x91);
}

TEST_F(ApicExit, PriorityHoldsInterrupts) {
    cpu().console.lapic.set_task_priority(0x50);
    cpu().console.lapic.accept(0x41, false);
    deliver();
    EXPECT_FALSE(guest().offered);
}

// APM vol. 2, 8.5: NMIs go before interrupts.
TEST_F(ApicExit, NmiFirst) {
    cpu().console.guest_nmis = 1;
    cpu().console.lapic.accept(0x41, false);
    deliver();
    EXPECT_EQ(guest().queued, (FakeGuest::Event{Kind::Nmi, 2, {}}));
    EXPECT_EQ(cpu().console.guest_nmis, 0u);
    EXPECT_EQ(cpu().console.stats.injected_nmis, 1u);
    EXPECT_EQ(guest().offered, 0x41);
}

TEST_F(ApicExit, NmiThatCannotBeTakenWaits) {
    guest().nmi_blocked = true;
    cpu().console.guest_nmis = 1;
    deliver();
    EXPECT_FALSE(guest().queued);
    EXPECT_TRUE(guest().nmi_window);
    EXPECT_EQ(cpu().console.guest_nmis, 1u);
    // Interrupts are not blocked by it.
    cpu().console.lapic.accept(0x41, false);
    deliver();
    EXPECT_EQ(guest().offered, 0x41);
}

TEST_F(ApicExit, NothingOverAnExceptionInTheQueue) {
    vcpu().inject(x86::Vector::PageFault, 4);
    cpu().console.guest_nmis = 1;
    cpu().console.lapic.accept(0x41, false);
    deliver();
    expect_exception(x86::Vector::PageFault, 4);
    EXPECT_TRUE(guest().nmi_window);
    EXPECT_EQ(guest().offered, 0x41); // the CPU takes it after the exception
    EXPECT_EQ(cpu().console.guest_nmis, 1u);
}

TEST_F(ApicExit, EffectsOfWrites) {
    EXPECT_TRUE(perform(vcpu(), LapicEffect()));
    EXPECT_FALSE(perform(vcpu(), LapicEffect::Kind::GeneralProtection));
    EXPECT_TRUE(perform(vcpu(), LapicEffect::write_physical(LapicRegister::LvtPmc, 0x400)));
    EXPECT_EQ(rig_.physical_lapic(0, LapicRegister::LvtPmc), 0x400u);
    EXPECT_TRUE(perform(vcpu(), LapicEffect::Kind::PhysicalAll));
    EXPECT_EQ(rig_.physical_lapic(0, LapicRegister::LvtPmc), 0x10000u); // as the guest has it: masked
}

// What the guest masks by disabling its APIC is masked in the physical one too.
TEST_F(ApicExit, DisablingMirrors) {
    cpu().console.lapic.write(LapicRegister::LvtLint1, 0x400, 0); // NMI
    ASSERT_TRUE(perform(vcpu(), LapicEffect::Kind::PhysicalAll));
    EXPECT_EQ(rig_.physical_lapic(0, LapicRegister::LvtLint1), 0x400u);
    ASSERT_TRUE(perform(vcpu(), cpu().console.lapic.write(LapicRegister::SpuriousVector, 0xff, 0)));
    EXPECT_EQ(rig_.physical_lapic(0, LapicRegister::LvtLint1), 0x10400u);
    EXPECT_EQ(rig_.physical_lapic(0, LapicRegister::SpuriousVector), 0u); // never the physical one's
}

} // namespace
} // namespace vmm::test

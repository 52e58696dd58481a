// SPDX-License-Identifier: GPL-2.0-only
// Between an exit and the next entry: what other CPUs asked for, INIT and start-up, NMIs and machine checks.
#include "vmm/exit/mail.hpp"

#include "tests/unit/fakes/exit_fixture.hpp"

namespace vmm::test {
namespace {

using Kind = FakeGuest::Kind;

class MailTest : public ExitFixture {
  protected:
    MailTest() : ExitFixture({.cpus = 2, .io_apics = 1}) {}
    void prepare() { enter(); }
    // As another CPU does it.
    void post(Mail mail) {
        cpu().console.mailbox.post(mail);
        notify(cpu(1), cpu().console);
    }
    static constexpr FakeGuest::Event kNmi{Kind::Nmi, 2, {}};
};

TEST_F(MailTest, NothingToDo) {
    prepare();
    expect_no_event();
    EXPECT_EQ(guest().host_contexts + guest().flushes + guest().resets, 0u);
    EXPECT_FALSE(guest().offered || guest().nmi_window);
}

TEST_F(MailTest, PostedInterruptsAreCollected) {
    cpu().console.lapic.inbox().post(0x41);
    prepare();
    EXPECT_EQ(guest().offered, 0x41);
}

TEST_F(MailTest, Flush) {
    post(Mail::Flush);
    prepare();
    EXPECT_EQ(guest().flushes, 1u);
    prepare();
    EXPECT_EQ(guest().flushes, 1u);
}

TEST_F(MailTest, NmiByMessage) {
    post(Mail::Nmi);
    prepare();
    EXPECT_EQ(guest().queued, kNmi);
    EXPECT_EQ(cpu().console.guest_nmis, 0u);
}

// One is in service and one is held; hardware loses the others too.
TEST_F(MailTest, NmisPileUpToTwo) {
    cpu().arrived.nmis = 5;
    guest().nmi_blocked = true;
    prepare();
    EXPECT_EQ(cpu().arrived.nmis, 0u);
    EXPECT_EQ(cpu().console.guest_nmis, 2u);
    EXPECT_TRUE(guest().nmi_window);
    guest().nmi_blocked = false;
    prepare();
    EXPECT_EQ(guest().queued, kNmi);
    guest().queued.reset();
    guest().nmi_blocked = false;
    prepare();
    EXPECT_EQ(guest().queued, kNmi);
    guest().queued.reset();
    guest().nmi_blocked = false;
    prepare();
    expect_no_event();
}

// APM vol. 2, 8.5: a machine check goes before NMIs and interrupts.
TEST_F(MailTest, MachineCheckFirst) {
    cpu().arrived.machine_checks = 1;
    cpu().arrived.nmis = 1;
    cpu().console.lapic.accept(0x41, false);
    prepare();
    expect_exception(x86::Vector::MachineCheck);
    EXPECT_EQ(cpu().arrived.machine_checks, 0u);
    EXPECT_TRUE(guest().nmi_window);
    EXPECT_EQ(guest().offered, 0x41);
    guest().queued.reset();
    prepare();
    EXPECT_EQ(guest().queued, kNmi);
}

// What is queued is delivered first; the machine check is not forgotten.
TEST_F(MailTest, MachineCheckWaitsForTheQueue) {
    cpu().arrived.machine_checks = 2;
    vcpu().inject(x86::Vector::PageFault, 2);
    prepare();
    expect_exception(x86::Vector::PageFault, 2);
    for (unsigned i = 0; i < 2; i++) {
        guest().queued.reset();
        prepare();
        expect_exception(x86::Vector::MachineCheck);
    }
    guest().queued.reset();
    prepare();
    expect_no_event();
}

TEST_F(MailTest, InitThenStartUp) {
    cpu().console.lapic.accept(0x41, false);
    cpu().console.guest_nmis = 1;
    gpr(x86::Gpr::Rax) = 5;
    post(Mail::Init);
    guest().on_wait = [&] {
        EXPECT_EQ(cpu().console.vcpu_state, VMNIX_VCPU_WAIT_FOR_SIPI);
        EXPECT_EQ(cpu().console.place, kAsleep);
        if (sleeps_ == 2)
            notify(cpu(1), cpu().console); // for nothing
        if (sleeps_ == 3) {
            cpu().console.mailbox.sipi_vector = 0x9a;
            post(Mail::Sipi);
        }
    };
    prepare();
    EXPECT_EQ(sleeps_, 3u); // woken for nothing, it sleeps again
    EXPECT_EQ(cpu().console.place, 0u);
    EXPECT_EQ(guest().resets, 1u);
    EXPECT_EQ(guest().starts, std::vector<std::uint8_t>{0x9a});
    EXPECT_EQ(cpu().console.vcpu_state, VMNIX_VCPU_RUNNING);
    expect_no_event(); // neither the interrupt nor the NMI of the time before
    EXPECT_FALSE(cpu().console.lapic.is_software_enabled());
    EXPECT_GT(guest().host_contexts, 0u);
}

TEST_F(MailTest, InitAndStartUpTogether) {
    cpu().console.mailbox.sipi_vector = 0x12;
    cpu().console.mailbox.post_init();
    post(Mail::Sipi);
    prepare();
    EXPECT_EQ(sleeps_, 0u); // there is nothing to wait for
    EXPECT_EQ(guest().starts, std::vector<std::uint8_t>{0x12});
}

TEST_F(MailTest, StartUpWithoutInitIsIgnored) {
    cpu().console.mailbox.sipi_vector = 0x12;
    post(Mail::Sipi);
    prepare();
    EXPECT_TRUE(guest().starts.empty());
    EXPECT_EQ(guest().resets, 0u);
    EXPECT_EQ(cpu().console.vcpu_state, VMNIX_VCPU_RUNNING);
}

TEST_F(MailTest, SecondStartUpIsIgnored) {
    post(Mail::Init);
    post(Mail::Sipi);
    prepare();
    cpu().console.mailbox.sipi_vector = 0x55;
    post(Mail::Sipi);
    prepare();
    EXPECT_EQ(guest().starts.size(), 1u);
}

// NMIs that come while it waits are not the next kernel's.
TEST_F(MailTest, WaitingHoldsNmis) {
    post(Mail::Init);
    guest().on_wait = [&] {
        cpu().arrived.nmis = 3;
        post(sleeps_ < 3 ? Mail::Nmi : Mail::Sipi);
    };
    prepare();
    EXPECT_EQ(sleeps_, 3u);
    expect_no_event();
    EXPECT_EQ(cpu().console.guest_nmis + cpu().arrived.nmis, 0u);
    cpu().arrived.nmis = 1; // the next kernel's own
    prepare();
    EXPECT_EQ(guest().queued, kNmi);
}

// One that has come with the INIT was the last kernel's.
TEST_F(MailTest, NmisDieWithAnInit) {
    cpu().arrived.nmis = 1;
    post(Mail::Init);
    post(Mail::Sipi);
    prepare();
    expect_no_event();
    EXPECT_EQ(cpu().console.guest_nmis + cpu().arrived.nmis, 0u);
}

// Whoever sends an NMI and then restarts the CPU before that has had a turn.
TEST_F(MailTest, NmisDieWithAnInitThatIsTakenWithThem) {
    post(Mail::Nmi);
    post(Mail::Init);
    post(Mail::Sipi);
    prepare();
    EXPECT_EQ(guest().starts.size(), 1u);
    expect_no_event();
    EXPECT_EQ(cpu().console.guest_nmis, 0u);
}

// A machine check is the machine's, whichever kernel runs.
TEST_F(MailTest, MachineChecksWaitForTheStartUp) {
    post(Mail::Init);
    guest().on_wait = [&] {
        cpu().arrived.machine_checks = 1;
        if (sleeps_ == 2)
            post(Mail::Sipi);
    };
    prepare();
    EXPECT_EQ(sleeps_, 2u);
    expect_exception(x86::Vector::MachineCheck);
}

// The turn is over when another world may deserve the CPU; the console goes on at its next one.
TEST_F(MailTest, RescheduleEndsTheTurn) {
    cpu().arrived.reschedule = 1;
    cpu().console.lapic.accept(0x41, false);
    EXPECT_FALSE(prepare_entry(vcpu()));
    EXPECT_FALSE(guest().offered);
    enter();
    EXPECT_EQ(guest().offered, 0x41);
    EXPECT_EQ(cpu().arrived.reschedule, 0u);
    EXPECT_EQ(sleeps_, 0u);
}

// Flush requests reach a sleeping CPU as well: it may start at once after.
TEST_F(MailTest, WaitingTakesOtherMail) {
    post(Mail::Init);
    guest().on_wait = [&] {
        post(Mail::Flush);
        post(Mail::Sipi);
    };
    prepare();
    EXPECT_EQ(guest().flushes, 1u);
}

// Another INIT while it waits: it stays where it is.
TEST_F(MailTest, InitWhileWaiting) {
    post(Mail::Init);
    guest().on_wait = [&] { post(sleeps_ == 1 ? Mail::Init : Mail::Sipi); };
    prepare();
    EXPECT_EQ(guest().resets, 2u);
    EXPECT_EQ(guest().starts.size(), 1u);
}

// Physical interrupts that arrive while it waits get their EOI and are not kept: a reset APIC takes none.
TEST_F(MailTest, WaitingSettlesPhysicalInterrupts) {
    post(Mail::Init);
    guest().on_wait = [&] {
        rig_.set_physical_lapic(0, LapicRegister::Eoi, 0xeeee);
        rig_.put_in_service(0, 0x41);
        if (sleeps_ == 2)
            post(Mail::Sipi);
    };
    prepare();
    EXPECT_EQ(sleeps_, 2u);
    EXPECT_EQ(rig_.physical_lapic(0, LapicRegister::Eoi), 0u);
    EXPECT_FALSE(cpu().console.lapic.requested().test(0x41));
    expect_no_event();
}

// The pins behind a level-triggered interrupt that dies with the APIC may interrupt again.
TEST_F(MailTest, InitEndsLevelInterrupts) {
    auto &io_apic = g_vmm.io_apics.unguarded().all()[0].model;
    io_apic.write(ioapic::kSelectOffset, 0x12); // pin 1: vector 0x61, level-triggered, open
    io_apic.write(ioapic::kWindowOffset, 0x8061);
    rig_.io_apic_window(0) |= 1u << 14; // the device has sent it: remote IRR
    EXPECT_EQ(io_apic.level_arrived(0x61), 1u);
    ASSERT_TRUE(io_apic.shadow().hardware(1) & 1u << 16);
    cpu().console.lapic.accept(0x61, true);
    post(Mail::Init);
    post(Mail::Sipi);
    prepare();
    EXPECT_FALSE(io_apic.shadow().hardware(1) & 1u << 16);
}

using MailDeathTest = MailTest;

TEST_F(MailDeathTest, StopsForAnothersPanic) {
    post(Mail::Stop);
    EXPECT_DEATH(prepare(), "stopped for another CPU's panic");
}

} // namespace
} // namespace vmm::test

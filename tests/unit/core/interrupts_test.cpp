// SPDX-License-Identifier: GPL-2.0-only
// Messages between CPUs, the physical timer, and the physical APIC at launch and leave. What physical interrupts become
// is in tests/unit/exit/apic_test.cpp.
#include "vmm/core/interrupts.hpp"

#include "tests/unit/fakes/rig.hpp"

#include <gtest/gtest.h>

namespace vmm::test {
namespace {

class InterruptsTest : public testing::Test {
  protected:
    explicit InterruptsTest(const RigOptions &options = {.cpus = 3}) : rig_(options) {
        for (unsigned i = 0; i < options.cpus; i++)
            rig_.hardware(i).tsc_step = 0;
    }
    Cpu &cpu(unsigned i) { return rig_.cpu(i); }
    Ipi ipi(std::uint32_t icr_low, std::uint8_t destination = 0) {
        return decode_ipi(std::uint64_t{destination} << 56 | icr_low, LapicMode::Xapic);
    }
    bool has(unsigned i, std::uint8_t vector) {
        cpu(i).console.lapic.collect();
        return cpu(i).console.lapic.requested().test(vector);
    }
    std::uint32_t physical(LapicRegister reg, unsigned i = 0) { return rig_.physical_lapic(i, reg); }
    void set_physical(LapicRegister reg, std::uint32_t value) { rig_.set_physical_lapic(0, reg, value); }

    Rig rig_;
};

TEST_F(InterruptsTest, FixedToOne) {
    send_ipi(cpu(0).console, ipi(0x4041, 2));
    EXPECT_FALSE(has(1, 0x41));
    EXPECT_TRUE(has(2, 0x41));
    EXPECT_EQ(cpu(2).kicks, 1u);
    EXPECT_EQ(physical(LapicRegister::IcrLow), 0x4000u | kKickVector);
    EXPECT_EQ(physical(LapicRegister::IcrHigh), 2u << 24);
    EXPECT_EQ(cpu(0).console.stats.ipis_sent, 1u);
}

TEST_F(InterruptsTest, Shorthands) {
    send_ipi(cpu(0).console, ipi(0xc4042)); // all but self
    EXPECT_TRUE(has(1, 0x42) && has(2, 0x42));
    EXPECT_FALSE(has(0, 0x42));
    send_ipi(cpu(1).console, ipi(0x4043, 0xff)); // broadcast; the sender's own model has taken it at the write
    EXPECT_TRUE(has(0, 0x43) && has(2, 0x43));
    EXPECT_EQ(cpu(1).kicks, 1u);
}

TEST_F(InterruptsTest, Logical) {
    for (unsigned i = 0; i < 3; i++)
        cpu(i).console.lapic.write(LapicRegister::LogicalDestination, 1u << (24 + i), 0);
    send_ipi(cpu(0).console, ipi(0x4844, 0x06)); // CPUs 1 and 2
    EXPECT_TRUE(has(1, 0x44) && has(2, 0x44));
    EXPECT_FALSE(has(0, 0x44));
}

TEST_F(InterruptsTest, LowestPriorityGoesToOne) {
    cpu(0).console.lapic.set_task_priority(0x80);
    cpu(1).console.lapic.set_task_priority(0x50);
    cpu(2).console.lapic.set_task_priority(0x60);
    send_ipi(cpu(0).console, ipi(0x4145, 0xff));
    EXPECT_TRUE(has(1, 0x45));
    EXPECT_FALSE(has(0, 0x45) || has(2, 0x45));
    cpu(1).console.lapic.write(LapicRegister::SpuriousVector, 0xff, 0); // disabled: takes none
    send_ipi(cpu(0).console, ipi(0x4146, 0xff));
    EXPECT_TRUE(has(2, 0x46));
}

TEST_F(InterruptsTest, NobodyThere) {
    send_ipi(cpu(0).console, ipi(0x4041, 9));
    for (unsigned i = 0; i < 3; i++)
        EXPECT_FALSE(has(i, 0x41));
    EXPECT_EQ(physical(LapicRegister::IcrLow), 0u); // nothing sent
}

TEST_F(InterruptsTest, OtherMessagesAreMail) {
    send_ipi(cpu(0).console, ipi(0x4400, 1));
    send_ipi(cpu(0).console, ipi(0xc4500)); // INIT to the others
    send_ipi(cpu(0).console, ipi(0x46aa, 2));
    const std::uint32_t one = cpu(1).console.mailbox.take(), two = cpu(2).console.mailbox.take();
    EXPECT_TRUE(holds(one, Mail::Nmi) && holds(one, Mail::Init) && !holds(one, Mail::Sipi));
    EXPECT_TRUE(holds(two, Mail::Init) && holds(two, Mail::Sipi) && !holds(two, Mail::Nmi));
    EXPECT_EQ(cpu(2).console.mailbox.sipi_vector, 0xaa);
    EXPECT_FALSE(cpu(0).console.mailbox.any());
}

TEST_F(InterruptsTest, DroppedModesAreLogged) {
    send_ipi(cpu(0).console, ipi(0x4200, 1)); // SMI
    EXPECT_FALSE(cpu(1).console.mailbox.any());
    EXPECT_NE(rig_.log().find("delivery mode 2 dropped"), std::string::npos);
}

// One kick wakes for all that was posted before it is taken.
TEST_F(InterruptsTest, PostingKicksOnce) {
    post_interrupt(cpu(0), cpu(1).console, 0x41);
    post_interrupt(cpu(0), cpu(1).console, 0x42);
    EXPECT_EQ(cpu(1).kicks, 1u);
    EXPECT_TRUE(has(1, 0x41) && has(1, 0x42));
    post_interrupt(cpu(0), cpu(1).console, 0x43);
    EXPECT_EQ(cpu(1).kicks, 2u);
    post_interrupt(cpu(0), cpu(0).console, 0x44); // to itself: it looks before it enters
    EXPECT_EQ(cpu(0).kicks, 0u);
}

TEST_F(InterruptsTest, FlushEverywhere) {
    const std::uint32_t generation = g_vmm.nested_generation + 1;
    flush_everywhere(cpu(1));
    EXPECT_EQ(g_vmm.nested_generation, generation);
    EXPECT_TRUE(holds(cpu(1).console.mailbox.take(), Mail::Flush)); // before its next entry
    EXPECT_EQ(cpu(1).flushed, generation);
    EXPECT_EQ(cpu(1).kicks, 0u);
    for (unsigned i : {0u, 2u}) { // whatever runs there
        EXPECT_EQ(cpu(i).kicks, 1u);
        EXPECT_NE(cpu(i).flushed, generation);
        rig_.play(i);
        rig_.put_in_service(i, kKickVector);
        take_interrupt(cpu(i));
        EXPECT_TRUE(holds(cpu(i).console.mailbox.take(), Mail::Flush)) << i;
        EXPECT_EQ(cpu(i).flushed, generation);
    }
}

// A CPU that has heard of one change has not heard of the next.
TEST_F(InterruptsTest, FlushesAreOrderedAnew) {
    flush_everywhere(cpu(1));
    flush_everywhere(cpu(1));
    rig_.put_in_service(0, kKickVector);
    take_interrupt(cpu(0));
    EXPECT_EQ(cpu(0).flushed, g_vmm.nested_generation);
    flush_everywhere(cpu(1));
    EXPECT_NE(cpu(0).flushed, g_vmm.nested_generation);
    (void)cpu(0).console.mailbox.take();
    rig_.put_in_service(0, kKickVector);
    take_interrupt(cpu(0));
    EXPECT_TRUE(holds(cpu(0).console.mailbox.take(), Mail::Flush));
}

TEST_F(InterruptsTest, TimerIsNeverEarly) {
    cpu(0).console.lapic.write(LapicRegister::DivideConfiguration, 0xb, 0);
    cpu(0).console.lapic.write(LapicRegister::LvtTimer, 0x61, 0);
    for (std::uint32_t count : {1u, 2u, 1000u, 0xffffffffu}) {
        const std::uint64_t now = rig_.hardware().tsc;
        cpu(0).console.lapic.write(LapicRegister::InitialCount, count, now);
        arm_timer(cpu(0));
        const std::uint64_t ticks = cpu(0).console.lapic.timer_deadline() - now;
        const std::uint64_t armed = physical(LapicRegister::InitialCount);
        // The physical count takes at least as long, or is the longest that there is.
        EXPECT_TRUE(armed == 0xffffffff || armed * rig_.handover().tsc_khz / rig_.handover().apic_timer_khz >= ticks)
            << count;
        EXPECT_LE(armed, std::uint64_t{count} + 2);
    }
}

// Arming what is armed already costs no write to the device.
TEST_F(InterruptsTest, TimerIsSetOnlyWhenItChanges) {
    cpu(0).console.lapic.write(LapicRegister::LvtTimer, 0x61, 0);
    cpu(0).console.lapic.write(LapicRegister::InitialCount, 5000, rig_.hardware().tsc);
    arm_timer(cpu(0));
    set_physical(LapicRegister::InitialCount, 77);
    arm_timer(cpu(0));
    EXPECT_EQ(physical(LapicRegister::InitialCount), 77u);
}

TEST_F(InterruptsTest, PassedDeadlineIsTakenAtOnce) {
    cpu(0).console.lapic.write(LapicRegister::LvtTimer, 0x61, 0);
    cpu(0).console.lapic.write(LapicRegister::InitialCount, 10, rig_.hardware().tsc);
    rig_.hardware().tsc += 1'000'000;
    arm_timer(cpu(0));
    EXPECT_TRUE(has(0, 0x61));
    EXPECT_EQ(cpu(0).timer_armed, ApicTimer::kNever);
}

class ModelTest : public InterruptsTest {
  protected:
    // As a kernel has set it up.
    ModelTest() : InterruptsTest({.cpus = 1}) {
        set_physical(LapicRegister::Version, 0x00050014);
        set_physical(LapicRegister::SpuriousVector, 0x1ff);
        set_physical(LapicRegister::TaskPriority, 0x10);
        set_physical(LapicRegister::LogicalDestination, 0x01000000);
        set_physical(LapicRegister::DestinationFormat, 0xffffffff);
        set_physical(LapicRegister::LvtTimer, 0x200ec); // periodic
        set_physical(LapicRegister::InitialCount, 100000);
        set_physical(LapicRegister::CurrentCount, 40000);
        set_physical(LapicRegister::DivideConfiguration, 0xb);
        set_physical(LapicRegister::LvtLint0, 0x10700);
        set_physical(LapicRegister::LvtLint1, 0x400);
        set_physical(LapicRegister::LvtThermal, 0xfa);
        set_physical(LapicRegister::LvtPmc, 0x10400);
        set_physical(LapicRegister::LvtError, 0xfe);
        set_physical(lapic_register_plus(LapicRegister::Irr0, 2), 0x2); // vector 0x41 waits
    }
    VirtualLapic &lapic() { return cpu(0).console.lapic; }
    std::uint64_t read(LapicRegister reg) { return lapic().read(reg, rig_.hardware().tsc).value; }
};

TEST_F(ModelTest, TheVirtualApicIsWhatThePhysicalOneWas) {
    const auto before = rig_.hardware().msrs;
    ASSERT_TRUE(model_lapic(cpu(0)));
    for (LapicRegister reg : {LapicRegister::SpuriousVector, LapicRegister::TaskPriority,
                              LapicRegister::LogicalDestination, LapicRegister::LvtTimer, LapicRegister::InitialCount,
                              LapicRegister::LvtLint0, LapicRegister::LvtLint1, LapicRegister::LvtThermal,
                              LapicRegister::LvtPmc, LapicRegister::LvtError, LapicRegister::DivideConfiguration})
        EXPECT_EQ(read(reg), physical(reg)) << std::hex << static_cast<unsigned>(reg);
    EXPECT_NE(lapic().timer_deadline(), ApicTimer::kNever);
    EXPECT_FALSE(lapic().requested().test(0x41)); // it is still in the physical one, and will be forwarded
    EXPECT_EQ(rig_.hardware().msrs, before);      // which was left as it was
}

TEST_F(ModelTest, InterruptsOfAn8259AreRefused) {
    set_physical(LapicRegister::LvtLint0, 0x700);
    EXPECT_EQ(model_lapic(cpu(0)).error(), Errc::Unsupported);
}

TEST_F(ModelTest, TimerThatIsNotUsableIsRefused) {
    rig_.handover().apic_timer_khz = 1;
    EXPECT_FALSE(model_lapic(cpu(0)));
}

TEST_F(ModelTest, OwningTheApic) {
    ASSERT_TRUE(model_lapic(cpu(0)));
    own_lapic(cpu(0));
    EXPECT_EQ(physical(LapicRegister::LvtTimer), kTimerVector); // one-shot, open
    EXPECT_EQ(physical(LapicRegister::DivideConfiguration), 0xbu);
    EXPECT_EQ(physical(LapicRegister::TaskPriority), 0u); // all interrupts reach the VMM
    EXPECT_NE(physical(LapicRegister::InitialCount), 0u); // the guest's timer goes on
    EXPECT_EQ(physical(LapicRegister::SpuriousVector), 0x1ffu);
}

TEST_F(ModelTest, ReturningTheApic) {
    ASSERT_TRUE(model_lapic(cpu(0)));
    own_lapic(cpu(0));
    lapic().write(LapicRegister::LvtTimer, 0xec, rig_.hardware().tsc); // one-shot
    lapic().write(LapicRegister::InitialCount, 5000, rig_.hardware().tsc);
    lapic().write(LapicRegister::TaskPriority, 0x20, rig_.hardware().tsc);
    lapic().accept(0x77, false);
    stop_timer(cpu(0));
    EXPECT_EQ(physical(LapicRegister::InitialCount), 0u);
    return_lapic(cpu(0));
    EXPECT_EQ(physical(LapicRegister::LvtTimer), 0xecu);
    EXPECT_EQ(physical(LapicRegister::TaskPriority), 0x20u);
    EXPECT_EQ(physical(LapicRegister::SpuriousVector), 0x1ffu);
    EXPECT_LE(physical(LapicRegister::InitialCount), 5000u);
    EXPECT_GT(physical(LapicRegister::InitialCount), 4000u);
    EXPECT_EQ(physical(LapicRegister::IcrLow), 0x4077u); // what waited is raised again, to itself
    EXPECT_EQ(physical(LapicRegister::IcrHigh), 0u);
}

class DeadlineTest : public InterruptsTest {
  protected:
    DeadlineTest() : InterruptsTest({.cpus = 2, .x2apic = true, .tsc_deadline = true}) {}
};

TEST_F(DeadlineTest, ArmsByDeadline) {
    cpu(0).console.lapic.write(LapicRegister::LvtTimer, 0x61, 0);
    cpu(0).console.lapic.write(LapicRegister::InitialCount, 5000, rig_.hardware().tsc);
    arm_timer(cpu(0));
    EXPECT_EQ(rig_.hardware().msrs[x86::msr::TscDeadline], cpu(0).console.lapic.timer_deadline());
    stop_timer(cpu(0));
    EXPECT_EQ(rig_.hardware().msrs[x86::msr::TscDeadline], 0u);
}

// Destination and command in one 64-bit register.
TEST_F(DeadlineTest, KicksByMsr) {
    kick(cpu(0), cpu(1));
    EXPECT_EQ(rig_.hardware().msrs[0x830], 1ull << 32 | 0x4000 | kKickVector);
}

} // namespace
} // namespace vmm::test

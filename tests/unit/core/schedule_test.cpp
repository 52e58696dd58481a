// SPDX-License-Identifier: GPL-2.0-only
// Posting to worlds wherever they are, sleeping until something is due, and whose turn it is.
#include "vmm/core/schedule.hpp"

#include "tests/unit/fakes/vm_host_fixture.hpp"
#include "vmm/core/interrupts.hpp"
#include "vmm/core/vm_machine.hpp"

namespace vmm::test {
namespace {

class ScheduleTest : public VmHostFixture {
  protected:
    ScheduleTest() : VmHostFixture({.cpus = 2, .spare_pieces = 8}), vm_(make(config("vm", 2))) {
        hear_kicks();
        for (unsigned i = 0; i < 2; i++) {
            rig_.hardware(i).tsc_step = 0;
            cpu(i).arrived = {};
            (void)cpu(i).console.mailbox.take();
        }
    }
    Cpu &cpu(unsigned i) { return rig_.cpu(i); }
    World &console(unsigned i) { return cpu(i).console; }
    World &vcpu(unsigned n) { return *vm_.world_list[n]; }
    // Both vCPUs may run.
    void run_vm() {
        ASSERT_EQ(start(vm_.id).error, 0u);
        vcpu(1).vcpu_state = VMNIX_VCPU_RUNNING;
        hear_kicks();
        for (World *world : vm_.worlds())
            (void)world->mailbox.take();
    }
    // The vCPU's turn on a CPU that the console does not want.
    void run_on(unsigned i, unsigned n) {
        halt_console(i);
        ASSERT_EQ(turn(i), &vcpu(n));
        clear(i);
    }
    void clear(unsigned i) {
        cpu(i).kicks = 0;
        cpu(i).orders = 0;
        cpu(i).arrived.reschedule = 0;
    }
    void halt(World &world, bool open = true) {
        world.halted = true;
        world.halted_open = open;
    }
    void pass(std::uint64_t ticks) {
        for (unsigned i = 0; i < 2; i++)
            rig_.hardware(i).tsc += ticks;
    }
    // Nobody has its turn there, and the CPU sleeps.
    void idle(unsigned i) {
        ASSERT_EQ(turn(i), nullptr);
        cpu(i).current = &console(i);
        arm(i);
    }
    void arm(unsigned i) {
        rig_.play(i);
        arm_timer(cpu(i));
        rig_.play(0);
    }
    void timer_interrupt(unsigned i) {
        rig_.play(i);
        rig_.put_in_service(i, kTimerVector);
        take_interrupt(cpu(i));
        rig_.play(0);
    }

    static constexpr std::uint64_t kMillisecond = 2500000; // of the rig's TSC
    Vm &vm_;
};

TEST_F(ScheduleTest, TheConsoleRunsAtFirst) {
    for (unsigned i = 0; i < 2; i++) {
        EXPECT_EQ(console(i).place, i);
        EXPECT_EQ(cpu(i).current, &console(i));
        EXPECT_EQ(turn(i), &console(i));
        EXPECT_EQ(cpu(i).slice_end, ApicTimer::kNever); // nobody else wants the CPU
    }
    EXPECT_EQ(vcpu(0).place, kAsleep);
}

// Running here: it looks before its next entry. Running elsewhere: a kick ends that entry.
TEST_F(ScheduleTest, NotifyingWhoRuns) {
    notify(cpu(0), console(0));
    EXPECT_EQ(cpu(0).kicks, 0u);
    notify(cpu(0), console(1));
    EXPECT_EQ(cpu(1).kicks, 1u);
    EXPECT_EQ(cpu(1).orders, 0u);
    EXPECT_EQ(console(1).place, 1u);
}

// Asleep: it wants a CPU again, and the one that is free hears of it.
TEST_F(ScheduleTest, NotifyingWhoSleeps) {
    run_vm();
    halt_console(1);
    halt(vcpu(0));
    halt(vcpu(1));
    ASSERT_EQ(turn(1), &vcpu(0)); // it wanted the CPU since the start
    ASSERT_EQ(turn(1), nullptr);
    EXPECT_EQ(vcpu(0).place, kAsleep);
    EXPECT_EQ(console(1).place, kAsleep);
    clear(1);
    post_interrupt(cpu(0), vcpu(0), 0x41);
    EXPECT_EQ(vcpu(0).place, kReady);
    EXPECT_EQ(cpu(1).kicks, 1u);
    EXPECT_TRUE(cpu(1).orders & static_cast<unsigned>(Order::Reschedule));
    rig_.play(1);
    rig_.put_in_service(1, kKickVector);
    take_interrupt(cpu(1));
    rig_.play(0);
    EXPECT_EQ(cpu(1).arrived.reschedule, 1u);
    EXPECT_EQ(turn(1), &vcpu(0));
    EXPECT_EQ(cpu(1).arrived.reschedule, 0u);
    EXPECT_EQ(vcpu(0).place, 1u);
    EXPECT_EQ(vcpu(0).cpu, &cpu(1));
}

// Ready: a VM's looks when its turn comes. The console's goes before it then, as it drives the machine's devices.
TEST_F(ScheduleTest, NotifyingWhoIsReady) {
    run_vm(); // both CPUs are the console's
    ASSERT_EQ(vcpu(0).place, kReady);
    clear(0);
    clear(1);
    post_interrupt(cpu(0), vcpu(0), 0x41);
    EXPECT_EQ(cpu(0).kicks + cpu(1).kicks, 0u);
    EXPECT_EQ(cpu(0).arrived.reschedule, 0u);
    run_on(1, 0);
    console(1).halted = false;
    notify(cpu(0), console(1));
    EXPECT_EQ(console(1).place, kReady);
    EXPECT_TRUE(cpu(1).orders & static_cast<unsigned>(Order::Reschedule));
    clear(1);
    notify(cpu(0), console(1));
    EXPECT_EQ(cpu(1).orders, 0u); // is on its way
    EXPECT_EQ(turn(1), &console(1));
}

// An interrupt of the machine's goes to the console though a VM runs, and the console takes the CPU.
TEST_F(ScheduleTest, DeviceInterruptsWakeTheConsole) {
    run_vm();
    run_on(1, 0);
    rig_.play(1);
    rig_.put_in_service(1, 0x41);
    take_interrupt(cpu(1));
    rig_.play(0);
    EXPECT_EQ(cpu(1).arrived.reschedule, 1u);
    EXPECT_TRUE(console(1).lapic.requested().test(0x41));
    EXPECT_FALSE(vcpu(0).lapic.requested().test(0x41));
    EXPECT_EQ(turn(1), &console(1));
    EXPECT_EQ(vcpu(0).place, kReady);
}

// With interrupts off it is no reason to wake: the interrupt waits for the kernel.
TEST_F(ScheduleTest, ConsoleThatHaltedForGood) {
    run_vm();
    run_on(1, 0);
    console(1).halted_open = false;
    rig_.play(1);
    rig_.put_in_service(1, 0x41);
    take_interrupt(cpu(1));
    rig_.play(0);
    EXPECT_TRUE(console(1).lapic.requested().test(0x41));
    EXPECT_FALSE(has_cause(console(1)));
}

// What comes between the HLT and the sleep is seen: one of the two looks after the other has stored.
TEST_F(ScheduleTest, HaltAndInterruptMeet) {
    run_vm();
    run_on(1, 0);
    halt(vcpu(0));
    post_interrupt(cpu(0), vcpu(0), 0x41); // its exit is not over yet
    EXPECT_EQ(cpu(1).kicks, 1u);
    EXPECT_EQ(turn(1), &vcpu(0)); // does not fall asleep
    EXPECT_EQ(vcpu(0).place, 1u);
}

TEST_F(ScheduleTest, CausesToWake) {
    World &world = vcpu(0);
    world.vcpu_state = VMNIX_VCPU_RUNNING;
    halt(world);
    EXPECT_FALSE(has_cause(world));
    world.mailbox.post(Mail::Look);
    EXPECT_TRUE(has_cause(world));
    (void)world.mailbox.take();
    world.guest_nmis = 1;
    EXPECT_TRUE(has_cause(world));
    world.halted_open = false; // an NMI is taken with IF=0
    EXPECT_TRUE(has_cause(world));
    world.guest_nmis = 0;
    EXPECT_FALSE(has_cause(world));
    world.kicked = true;
    EXPECT_TRUE(has_cause(world));
    world.kicked = false;
    world.lapic.write(LapicRegister::SpuriousVector, 0x1ff, 0);
    world.lapic.accept(0x41, false);
    EXPECT_FALSE(has_cause(world)); // IF=0
    world.halted_open = true;
    EXPECT_TRUE(has_cause(world));
    world.lapic.set_task_priority(0x50);
    EXPECT_FALSE(has_cause(world)); // is below what it takes
    world.external.vector = 0x30;
    EXPECT_TRUE(has_cause(world)); // the 8259 has no priority here
    world.halted_open = false;
    EXPECT_FALSE(has_cause(world));
}

// The 8259 wakes the first vCPU while that listens to it, and never another one.
TEST_F(ScheduleTest, The8259WakesTheFirst) {
    run_vm();
    halt(vcpu(0));
    halt(vcpu(1));
    EXPECT_FALSE(has_cause(vcpu(0)));
    vcpu(0).external.asked = true; // as the first vCPU finds when it looks at its devices
    EXPECT_TRUE(has_cause(vcpu(0)));
    EXPECT_FALSE(has_cause(vcpu(1)));
    vcpu(0).lapic.write(LapicRegister::LvtLint0, 0x10700, 0); // masked: it would be woken for ever
    EXPECT_FALSE(has_cause(vcpu(0)));
    vcpu(0).lapic.write(LapicRegister::LvtLint0, 0x400, 0); // something else than the 8259
    EXPECT_FALSE(has_cause(vcpu(0)));
}

TEST_F(ScheduleTest, WhoWaitsForAStartUpSleepsThroughInterrupts) {
    World &world = vcpu(1);
    ASSERT_EQ(world.vcpu_state, VMNIX_VCPU_WAIT_FOR_SIPI);
    world.guest_nmis = 1;
    EXPECT_FALSE(has_cause(world));
    world.mailbox.post(Mail::Sipi);
    EXPECT_TRUE(has_cause(world));
}

// A timer of its own wakes it, on the CPU where it sleeps.
TEST_F(ScheduleTest, SleepersWakeByTheirTimers) {
    run_vm();
    run_on(1, 0);
    World &world = vcpu(0);
    const std::uint64_t now = rig_.hardware(1).tsc;
    world.lapic.write(LapicRegister::LvtTimer, 0x61, now);
    world.lapic.write(LapicRegister::DivideConfiguration, 0xb, now);
    world.lapic.write(LapicRegister::InitialCount, 1000000, now); // a millisecond
    const std::uint64_t due = world.lapic.timer_deadline();
    ASSERT_NE(due, ApicTimer::kNever);
    halt(world);
    idle(1);
    EXPECT_EQ(world.wake_at, due);
    EXPECT_EQ(cpu(1).next_wake, due);
    EXPECT_EQ(cpu(1).timer_armed, due);
    pass(due - now - 1);
    timer_interrupt(1);
    EXPECT_EQ(world.place, kAsleep); // early
    EXPECT_EQ(cpu(1).timer_armed, due);
    pass(1);
    timer_interrupt(1);
    EXPECT_EQ(world.place, kReady);
    EXPECT_EQ(world.wake_at, ApicTimer::kNever);
    EXPECT_EQ(cpu(1).arrived.reschedule, 1u);
    EXPECT_EQ(cpu(1).next_wake, ApicTimer::kNever);
    EXPECT_EQ(g_vmm.sleepers[1], nullptr);
    EXPECT_EQ(turn(1), &world);
    arm(1);
    EXPECT_TRUE(has_cause(world));
    EXPECT_TRUE(world.lapic.requested().test(0x61));
}

// Devices count for the first vCPU: a timer of theirs wakes it.
TEST_F(ScheduleTest, SleepersWakeByTheirDevices) {
    run_vm();
    run_on(1, 0);
    vm_.device_deadline = rig_.hardware(1).tsc + kMillisecond;
    halt(vcpu(0));
    idle(1);
    EXPECT_EQ(cpu(1).next_wake, vm_.device_deadline);
    EXPECT_EQ(cpu(1).timer_armed, vm_.device_deadline);
    pass(kMillisecond);
    timer_interrupt(1);
    EXPECT_EQ(vcpu(0).place, kReady);
}

TEST_F(ScheduleTest, DevicesAreNotTheOthers) {
    run_vm();
    halt(vcpu(0));
    run_on(1, 0);
    ASSERT_EQ(turn(1), nullptr);
    notify(cpu(1), vcpu(1));
    ASSERT_EQ(turn(1), &vcpu(1));
    vm_.device_deadline = rig_.hardware(1).tsc + kMillisecond;
    halt(vcpu(1));
    EXPECT_EQ(turn(1), nullptr);
    EXPECT_EQ(vcpu(1).wake_at, ApicTimer::kNever);
}

// A deadline that has passed before it slept does not put it to sleep.
TEST_F(ScheduleTest, WhatIsDueKeepsAwake) {
    run_vm();
    run_on(1, 0);
    vm_.device_deadline = rig_.hardware(1).tsc;
    halt(vcpu(0));
    EXPECT_EQ(turn(1), &vcpu(0));
}

// Several sleep on one CPU: the earliest is what the timer is set for, and each wakes by itself.
TEST_F(ScheduleTest, ManySleepers) {
    run_vm();
    World &first = vcpu(0), &second = vcpu(1);
    const auto set = [&](World &world, std::uint64_t milliseconds) {
        world.lapic.write(LapicRegister::SpuriousVector, 0x1ff, 0);
        world.lapic.write(LapicRegister::LvtTimer, 0x61, rig_.hardware(1).tsc);
        world.lapic.write(LapicRegister::DivideConfiguration, 0xb, rig_.hardware(1).tsc);
        world.lapic.write(LapicRegister::InitialCount, static_cast<std::uint32_t>(milliseconds * 1000000),
                          rig_.hardware(1).tsc);
    };
    run_on(1, 0);
    set(first, 5);
    halt(first);
    ASSERT_EQ(turn(1), nullptr);
    notify(cpu(1), second);
    ASSERT_EQ(turn(1), &second);
    set(second, 3);
    halt(second);
    idle(1);
    EXPECT_EQ(cpu(1).next_wake, second.wake_at);
    const std::uint64_t last = first.wake_at;
    // One that is woken by something else is no sleeper any more.
    notify(cpu(0), second);
    EXPECT_EQ(second.wake_at, ApicTimer::kNever);
    EXPECT_EQ(g_vmm.sleepers[1], &first);
    EXPECT_EQ(first.next_sleeper, nullptr);
    ASSERT_EQ(turn(1), &second);
    idle(1); // and falls asleep again
    pass(3 * kMillisecond);
    timer_interrupt(1);
    EXPECT_EQ(second.place, kReady);
    EXPECT_EQ(first.place, kAsleep);
    EXPECT_EQ(cpu(1).next_wake, last);
    ASSERT_EQ(turn(1), &second);
    arm(1);
    pass(2 * kMillisecond);
    timer_interrupt(1);
    EXPECT_EQ(first.place, kReady);
}

// The end of a turn is a deadline of the CPU's timer like others.
TEST_F(ScheduleTest, TurnsEnd) {
    run_vm();
    run_on(1, 0);
    notify(cpu(0), vcpu(1));
    console(0).halted = false; // CPU 0 stays the console's
    ASSERT_EQ(turn(1), &vcpu(0));
    EXPECT_NE(cpu(1).slice_end, ApicTimer::kNever);
    arm(1);
    EXPECT_LE(cpu(1).timer_armed, cpu(1).slice_end);
    pass(cpu(1).slice_end - rig_.hardware(1).tsc);
    timer_interrupt(1);
    EXPECT_EQ(cpu(1).arrived.reschedule, 1u);
    EXPECT_EQ(turn(1), &vcpu(1));
    EXPECT_EQ(vcpu(0).place, kReady);
}

// While a VM runs the console's own timer is not forgotten.
TEST_F(ScheduleTest, TheConsolesTimerBesideAVm) {
    run_vm();
    console(1).lapic.write(LapicRegister::LvtTimer, 0x61, rig_.hardware(1).tsc);
    console(1).lapic.write(LapicRegister::InitialCount, 1000, rig_.hardware(1).tsc);
    const std::uint64_t due = console(1).lapic.timer_deadline();
    run_on(1, 0);
    arm(1);
    EXPECT_LE(cpu(1).timer_armed, due);
    pass(due - rig_.hardware(1).tsc);
    timer_interrupt(1);
    EXPECT_TRUE(console(1).lapic.requested().test(0x61));
    EXPECT_EQ(turn(1), &console(1));
}

TEST_F(ScheduleTest, Yielding) {
    run_vm();
    run_on(1, 0);
    notify(cpu(0), vcpu(1));
    clear(1);
    yield(cpu(1));
    EXPECT_EQ(cpu(1).arrived.reschedule, 1u);
    EXPECT_EQ(turn(1), &vcpu(1));
    EXPECT_EQ(vcpu(0).place, kReady);
}

// It was posted while the console still ran there, by one who saw that and woke nobody.
TEST_F(ScheduleTest, TheConsoleLosesItsCpuBesideAnInterrupt) {
    run_vm();
    clear(1);
    console(1).lapic.inbox().post(0x61);
    yield(cpu(1));
    ASSERT_NE(turn(1), &console(1));
    EXPECT_EQ(cpu(1).arrived.reschedule, 1u);
    EXPECT_EQ(turn(1), &console(1));
}

TEST_F(ScheduleTest, RescheduleHereAndThere) {
    reschedule(cpu(0), CpuMask::first(2));
    EXPECT_EQ(cpu(0).arrived.reschedule, 1u);
    EXPECT_EQ(cpu(0).kicks, 0u);
    EXPECT_EQ(cpu(1).kicks, 1u);
    EXPECT_TRUE(cpu(1).orders & static_cast<unsigned>(Order::Reschedule));
    clear(1);
    reschedule(cpu(0), CpuMask());
    EXPECT_EQ(cpu(1).orders, 0u);
}

} // namespace
} // namespace vmm::test

// SPDX-License-Identifier: GPL-2.0-only
// The scheduler's members one by one.
#include "vmm/sched/scheduler.hpp"

#include "tests/unit/sched/scheduler_fixture.hpp"

namespace vmm::test {
namespace {

using Wake = SchedulerTest;

TEST_F(Wake, PrefersTheLastCpuThenAnIdleOne) {
    SchedWorld &world = add_world(add_group());
    EXPECT_EQ(scheduler_.wake(world, now_), cpus({0}));
    EXPECT_EQ(pick(0), &world);
    scheduler_.block(world, now_);
    EXPECT_EQ(pick(0), nullptr);
    add_running(0);
    EXPECT_EQ(scheduler_.wake(world, now_), cpus({1}));
    EXPECT_EQ(pick(1), &world);
    EXPECT_EQ(world.stats().migrations, 1u);
    scheduler_.block(world, now_);
    EXPECT_EQ(pick(1), nullptr);
    EXPECT_EQ(scheduler_.wake(world, now_), cpus({1}));
}

TEST_F(Wake, NamesACpuOnce) {
    SchedWorld &first = add_world(add_group(), 0), &second = add_world(add_group(), 0);
    EXPECT_EQ(scheduler_.wake(first, now_), cpus({0}));
    EXPECT_EQ(scheduler_.wake(second, now_), CpuMask());
    EXPECT_EQ(scheduler_.wake(first, now_), CpuMask());
}

TEST_F(Wake, PreemptsWhoIsAhead) {
    add_running(0);
    SchedWorld &world = add_world(add_group(), 0);
    now_ += 100 * kMs;
    EXPECT_EQ(scheduler_.wake(world, now_), cpus({0}));
    EXPECT_EQ(pick(0), &world);
}

TEST_F(Wake, BoostsForAnInterruptAndOnlyForAWhile) {
    SchedWorld &vm = add_running(0), &console = add_world(add_group(), 0);
    scheduler_.wake(console, now_);
    pick(0);
    std::uint64_t boosts = 0;
    for (int i = 0; i < 1000; i++) {
        now_ += 300'000; // more than a boosted run
        pick(0);
        boosts += scheduler_.wake(console, now_, Scheduler::Urgency::Interrupt).any();
        const Scheduler::Choice choice = scheduler_.pick(0, now_);
        EXPECT_LE(choice.until, now_ + 5 * kMs);
    }
    EXPECT_GT(boosts, 10u);
    EXPECT_NEAR(static_cast<double>(vm.stats().run), static_cast<double>(console.stats().run), 15.0 * kMs);
}

TEST_F(Wake, OfAWorldThatStillHoldsItsCpuNeedsNoKick) {
    SchedWorld &world = add_running(0);
    scheduler_.block(world, now_);
    EXPECT_EQ(scheduler_.wake(world, now_), CpuMask());
    EXPECT_TRUE(world.is_on_cpu());
    EXPECT_EQ(pick(0), &world);
}

using Pick = SchedulerTest;

TEST_F(Pick, NeedsNoTimerForOneWorld) {
    SchedWorld &world = add_world(add_group({1000, 500}));
    scheduler_.wake(world, now_);
    EXPECT_EQ(scheduler_.pick(0, now_).until, kNever);
    EXPECT_EQ(scheduler_.pick(1, now_).until, kNever);
}

TEST_F(Pick, GivesSlicesThatShrinkWithTheCrowd) {
    SchedGroup &group = add_group();
    add_running(0);
    std::uint64_t before = kNever;
    for (int i = 0; i < 6; i++) {
        scheduler_.wake(add_world(group, 0), now_);
        now_ += 10 * kMs;
        const std::uint64_t slice = scheduler_.pick(0, now_).until - now_;
        EXPECT_LE(slice, before);
        EXPECT_GE(slice, kMs);
        before = slice;
    }
    EXPECT_LT(before, 3 * kMs);
}

TEST_F(Pick, DoesNotGiveAWorldThatAnotherCpuHolds) {
    SchedWorld &world = add_world(add_group());
    scheduler_.wake(world, now_);
    EXPECT_EQ(pick(0), &world);
    EXPECT_EQ(pick(1), nullptr);
    scheduler_.block(world, now_);
    scheduler_.wake(world, now_);
    EXPECT_EQ(pick(1), nullptr);
    EXPECT_EQ(pick(0), &world);
}

TEST_F(Pick, LetsOthersGoFirstAfterAYield) {
    SchedWorld &first = add_running(0), &second = add_world(add_group(), 0);
    scheduler_.wake(second, now_);
    if (pick(0) != &first) {
        scheduler_.yield(second);
        EXPECT_EQ(pick(0), &first);
    }
    scheduler_.yield(first);
    EXPECT_EQ(pick(0), &second);
    scheduler_.yield(second);
    EXPECT_EQ(pick(0), &first);
    scheduler_.block(second, now_);
    scheduler_.yield(first);
    EXPECT_EQ(pick(0), &first) << "nobody else";
}

TEST_F(Pick, CountsTime) {
    SchedWorld &world = add_world(add_group(), 0), &other = add_running(0);
    now_ += kMs;
    scheduler_.block(other, now_);
    pick(0);
    now_ += 2 * kMs;
    scheduler_.wake(world, now_);
    now_ += 3 * kMs;
    pick(0);
    now_ += 4 * kMs;
    scheduler_.block(world, now_);
    pick(0);
    EXPECT_EQ(world.stats().wait, 3 * kMs);
    EXPECT_EQ(world.stats().ready, 3 * kMs);
    EXPECT_EQ(world.stats().run, 4 * kMs);
    EXPECT_EQ(world.stats().picks, 1u);
}

using Groups = SchedulerTest;

TEST_F(Groups, PausedOnesRunNothing) {
    SchedWorld &world = add_running(0), &sibling = add_world(*world.group(), 1);
    EXPECT_EQ(scheduler_.pause(*world.group(), now_), cpus({0}));
    EXPECT_TRUE(world.is_on_cpu());
    EXPECT_EQ(pick(0), nullptr);
    EXPECT_FALSE(world.is_on_cpu());
    EXPECT_EQ(scheduler_.wake(sibling, now_), CpuMask());
    EXPECT_EQ(pick(1), nullptr);
    EXPECT_EQ(scheduler_.resume(*world.group(), now_), cpus({0, 1}));
    EXPECT_EQ(pick(0), &world);
    EXPECT_EQ(pick(1), &sibling);
}

TEST_F(Groups, WorldsLeaveWhenTheirCpuHasStopped) {
    SchedWorld &world = add_running(1);
    SchedGroup &group = *world.group();
    EXPECT_EQ(scheduler_.remove(world, now_), cpus({1}));
    EXPECT_TRUE(world.is_on_cpu());
    EXPECT_FALSE(group.empty());
    EXPECT_EQ(scheduler_.wake(world, now_), CpuMask());
    EXPECT_EQ(pick(1), nullptr);
    EXPECT_FALSE(world.is_on_cpu());
    EXPECT_TRUE(group.empty());
    EXPECT_EQ(world.group(), nullptr);
    scheduler_.add(world, group, now_);
    EXPECT_EQ(scheduler_.remove(world, now_), CpuMask());
    EXPECT_TRUE(group.empty());
}

TEST_F(Groups, MoveToTheirNewCpus) {
    SchedWorld &world = add_world(add_group());
    scheduler_.wake(world, now_);
    EXPECT_EQ(pick(0), &world);
    EXPECT_EQ(scheduler_.set(*world.group(), {1000, 0, 0, cpus({1})}, now_), cpus({0}));
    const Scheduler::Choice choice = scheduler_.pick(0, now_);
    EXPECT_EQ(choice.world, nullptr);
    EXPECT_EQ(choice.kick, cpus({1}));
    EXPECT_EQ(pick(1), &world);
}

TEST_F(Groups, GetANewLimitWhileTheyRun) {
    SchedWorld &world = add_world(add_group());
    scheduler_.wake(world, now_);
    EXPECT_EQ(pick(0), &world);
    now_ += 1000 * kMs;
    EXPECT_EQ(scheduler_.set(*world.group(), {1000, 0, 100, cpus({0})}, now_), cpus({0}));
    const Scheduler::Choice choice = scheduler_.pick(0, now_);
    EXPECT_EQ(choice.world, &world) << "what it had before does not count";
    now_ = choice.until;
    const Scheduler::Choice idle = scheduler_.pick(0, now_);
    EXPECT_EQ(idle.world, nullptr);
    EXPECT_LE(idle.until, now_ + 20 * kMs);
    now_ = idle.until;
    EXPECT_EQ(pick(0), &world);
}

} // namespace
} // namespace vmm::test

// SPDX-License-Identifier: GPL-2.0-only
// How soon: interactive worlds, the console's interrupts, and how seldom the timer.
#include "tests/unit/sched/simulator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace vmm::test {
namespace {

using testing::IsEmpty;

Time percentile(std::vector<Time> values, std::size_t percent) {
    EXPECT_FALSE(values.empty());
    std::sort(values.begin(), values.end());
    return values[(values.size() - 1) * percent / 100];
}

double part(Time run, Time of) {
    return static_cast<double>(run) / static_cast<double>(of);
}

class Latency : public testing::TestWithParam<unsigned> {};

TEST_P(Latency, OfAnInteractiveWorldAmongSpinners) {
    for (std::uint32_t shares : {200, 1000, 5000}) {
        Simulator machine(GetParam());
        for (unsigned i = 0; i < 3 * GetParam(); i++)
            machine.add_vm({}, {spin});
        SimulatedGroup &interactive = machine.add_vm({shares}, {periodic(100 * kMicrosecond, 9900 * kMicrosecond)});
        machine.run(10 * kSecond);
        EXPECT_GE(interactive.worlds[0].latency.size(), 900u);
        EXPECT_LT(percentile(interactive.worlds[0].latency, 99), kMillisecond) << shares;
        EXPECT_THAT(machine.complaints(), IsEmpty());
    }
}

TEST_P(Latency, ASpinningConsoleHasHalf) {
    const unsigned cpus = GetParam();
    Simulator machine(cpus);
    SimulatedGroup &console = machine.add_console({}, spin);
    for (unsigned i = 0; i < cpus; i++)
        machine.add_vm({}, {spin});
    machine.run(10 * kSecond);
    for (const SimulatedWorld &world : console.worlds)
        EXPECT_NEAR(part(world.run, 10 * kSecond), 0.5, 0.02);
}

TEST_P(Latency, AnInterruptedConsoleHasHalfAndTheCpuAtOnce) {
    const unsigned cpus = GetParam();
    Simulator machine(cpus);
    SimulatedGroup &console = machine.add_console({}, spin);
    for (unsigned i = 0; i < cpus; i++)
        machine.add_vm({}, {spin});
    machine.every(3170 * kMicrosecond, [&] {
        for (SimulatedWorld &world : console.worlds)
            machine.interrupt(world);
    });
    machine.run(10 * kSecond);
    for (const SimulatedWorld &world : console.worlds) {
        EXPECT_NEAR(part(world.run, 10 * kSecond), 0.5, 0.02);
        EXPECT_LE(percentile(world.latency, 50), 10 * kMicrosecond);
    }
}

// More interrupts than half of the CPU can serve: the credit is bounded, and so is what the VM loses.
TEST_P(Latency, AnInterruptStormTakesNoMoreThanTheShare) {
    const unsigned cpus = GetParam();
    Simulator machine(cpus);
    SimulatedGroup &console = machine.add_console({}, spin);
    std::vector<SimulatedGroup *> vms;
    for (unsigned i = 0; i < cpus; i++)
        vms.push_back(&machine.add_vm({}, {spin}));
    machine.every(53 * kMicrosecond, [&] {
        for (SimulatedWorld &world : console.worlds)
            machine.interrupt(world);
    });
    machine.run(5 * kSecond);
    for (const SimulatedWorld &world : console.worlds)
        EXPECT_NEAR(part(world.run, 5 * kSecond), 0.5, 0.02);
    for (const SimulatedGroup *vm : vms)
        EXPECT_LE(vm->worlds[0].longest, 20 * kMillisecond);
}

// The usual case: the console sleeps, an interrupt wakes it, it works a little.
TEST_P(Latency, ASleepingConsoleIsThereAtOnce) {
    const unsigned cpus = GetParam();
    Simulator machine(cpus);
    SimulatedGroup &console = machine.add_console({}, periodic(50 * kMicrosecond, kSecond));
    for (unsigned i = 0; i < 3 * cpus; i++)
        machine.add_vm({1000, 250}, {spin});
    machine.every(400 * kMicrosecond, [&] {
        for (SimulatedWorld &world : console.worlds)
            machine.interrupt(world);
    });
    machine.run(5 * kSecond);
    for (const SimulatedWorld &world : console.worlds)
        EXPECT_LE(percentile(world.latency, 99), 10 * kMicrosecond);
}

// Idle by MWAIT: it is runnable, wants nothing, and hears of a write to memory within a slice.
TEST_P(Latency, AnIdleConsoleLeavesTheCpuToVms) {
    const unsigned cpus = GetParam();
    Simulator machine(cpus);
    SimulatedGroup &console = machine.add_console({}, yielding(2 * kMicrosecond));
    std::vector<SimulatedGroup *> vms;
    for (unsigned i = 0; i < cpus; i++)
        vms.push_back(&machine.add_vm({}, {spin}));
    machine.run(5 * kSecond);
    for (const SimulatedGroup *vm : vms)
        EXPECT_GE(part(vm->run(), 5 * kSecond), 0.99);
    for (const SimulatedWorld &world : console.worlds)
        EXPECT_LE(world.longest, 6 * kMillisecond);
}

INSTANTIATE_TEST_SUITE_P(Cpus, Latency, testing::Values(1, 2, 4));

TEST(Timer, IsNotUsedWhereNothingCompetes) {
    Simulator machine(4);
    for (int i = 0; i < 4; i++)
        machine.add_vm({1000, 200}, {spin});
    machine.add_console({}, periodic(10 * kMicrosecond, 1000 * kSecond));
    machine.run(100 * kMillisecond);
    machine.reset_counts();
    machine.run(100 * kSecond);
    EXPECT_EQ(machine.timer_calls(), 0u);
    for (unsigned cpu = 0; cpu < 4; cpu++)
        EXPECT_EQ(machine.until(cpu), kNever);
}

TEST(Timer, IsNotUsedByIdleCpus) {
    Simulator machine(2);
    machine.add_vm({}, {periodic(kMillisecond, kMillisecond)});
    machine.run(kSecond);
    EXPECT_EQ(machine.timer_calls(), 0u);
}

// A CPU with its own worlds goes on without one while another CPU is shared by two that may run nowhere else.
TEST(Timer, IsNotUsedForWhatOtherCpusDo) {
    Simulator machine(2);
    machine.add_vm({1000, 0, 0, CpuMask::only(0)}, {spin, spin});
    machine.add_vm({1000, 0, 0, CpuMask::only(1)}, {spin});
    machine.run(kSecond);
    EXPECT_EQ(machine.until(1), kNever);
    EXPECT_NE(machine.until(0), kNever);
}

} // namespace
} // namespace vmm::test

// SPDX-License-Identifier: GPL-2.0-only
// Siblings stay together while they compete with others, and no CPU idles for it.
#include "tests/unit/sched/simulator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmm::test {
namespace {

using testing::IsEmpty;

constexpr Time kBound = 3 * kMillisecond + 5 * kMillisecond; // what is allowed, and a slice to notice
constexpr Time kBoundWithGaps = kBound + 2 * kMillisecond;   // who is ahead goes on where the CPU would idle

struct Shape {
    unsigned cpus, vcpus;
};

class CoScheduling : public testing::TestWithParam<Shape> {};

TEST_P(CoScheduling, SiblingsStayTogetherAmongSpinners) {
    const auto [cpus, vcpus] = GetParam();
    Simulator machine(cpus);
    SimulatedGroup &smp = machine.add_vm({}, std::vector<Behaviour>(vcpus, spin));
    for (unsigned i = 0; i <= cpus; i++)
        machine.add_vm({500 + 300 * i}, {spin});
    machine.run(10 * kSecond);
    EXPECT_LE(smp.most_skew, kBound);
    EXPECT_THAT(machine.complaints(), IsEmpty());
}

TEST_P(CoScheduling, SiblingsStayTogetherAmongThemselves) {
    const auto [cpus, vcpus] = GetParam();
    Simulator machine(cpus);
    SimulatedGroup &smp = machine.add_vm({}, std::vector<Behaviour>(vcpus, spin));
    machine.run(kMillisecond);
    machine.reset_counts();
    machine.run(10 * kSecond);
    EXPECT_LE(smp.most_skew, vcpus > cpus ? kBound : 0);
    EXPECT_EQ(smp.run(), std::min(cpus, vcpus) * 10 * kSecond);
}

TEST_P(CoScheduling, SiblingsStayTogetherAmongWakersReservationsAndLimits) {
    const auto [cpus, vcpus] = GetParam();
    Simulator machine(cpus);
    SimulatedGroup &smp = machine.add_vm({2000}, std::vector<Behaviour>(vcpus, spin));
    SimulatedGroup &limited = machine.add_vm({5000, 0, 300}, std::vector<Behaviour>(vcpus, spin));
    machine.add_vm({100, 200 * cpus}, std::vector<Behaviour>(cpus, spin));
    for (unsigned i = 0; i < 2 * cpus; i++)
        machine.add_vm({}, {periodic((300 + 97 * i) * kMicrosecond, (500 + 31 * i) * kMicrosecond)});
    machine.run(10 * kSecond);
    EXPECT_LE(smp.most_skew, kBoundWithGaps);
    EXPECT_LE(limited.most_skew, kBoundWithGaps);
    EXPECT_THAT(machine.complaints(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Shapes, CoScheduling,
                         testing::Values(Shape{1, 2}, Shape{2, 2}, Shape{2, 3}, Shape{4, 2}, Shape{4, 4}, Shape{4, 6},
                                         Shape{4, 8}),
                         [](const auto &info) {
                             return std::to_string(info.param.cpus) + "Cpus" + std::to_string(info.param.vcpus) +
                                    "Vcpus";
                         });

// CPU 0 is crowded by three, CPU 1 has one rival: the console on CPU 1 does not run away from itself on CPU 0.
TEST(CoSchedulingOfTheConsole, PinnedWorldsKeepPace) {
    Simulator machine(2);
    SimulatedGroup &console = machine.add_console({}, spin);
    for (unsigned cpu : {0, 0, 0, 1})
        machine.add_vm({1000, 0, 0, CpuMask::only(cpu)}, {spin});
    machine.run(5 * kSecond);
    EXPECT_LE(console.most_skew, kBound);
    EXPECT_GE(console.worlds[0].run, 5 * kSecond * 24 / 100);
    EXPECT_THAT(machine.complaints(), IsEmpty());
}

TEST(CoSchedulingOfTheConsole, NobodyIsHeldWhereTheCpuWouldIdle) {
    Simulator machine(2);
    SimulatedGroup &console = machine.add_console({}, spin);
    machine.add_vm({1000, 0, 0, CpuMask::only(0)}, {spin});
    machine.run(kMillisecond);
    machine.reset_counts();
    machine.run(5 * kSecond);
    EXPECT_EQ(console.worlds[1].run, 5 * kSecond);
    EXPECT_NEAR(static_cast<double>(console.worlds[0].run), 2.5 * kSecond, 0.025 * kSecond);
}

// A sibling that sleeps or yields is not behind.
TEST(CoSchedulingOfTheConsole, WhoWaitsByItsOwnWillHoldsNobody) {
    for (const Behaviour &idle : {yielding(2 * kMicrosecond), periodic(50 * kMicrosecond, 3 * kMillisecond)}) {
        Simulator machine(2);
        SimulatedGroup &smp = machine.add_vm({1000}, {spin, idle});
        machine.add_vm({1000}, {spin});
        machine.add_vm({1000}, {spin});
        machine.run(5 * kSecond);
        EXPECT_GE(static_cast<double>(smp.worlds[0].run) / (5 * kSecond), 0.64);
    }
}

} // namespace
} // namespace vmm::test

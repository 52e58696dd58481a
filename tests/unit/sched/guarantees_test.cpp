// SPDX-License-Identifier: GPL-2.0-only
// Reservations, and what is due to others, whatever adversaries do.
#include "tests/unit/sched/simulator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmm::test {
namespace {

using testing::IsEmpty;

// Those who would have more than is theirs.
void add_adversaries(Simulator &machine) {
    for (unsigned i = 0; i < 16; i++) // a fork bomb of wakers
        machine.add_vm({}, {periodic(30 * kMicrosecond + i, 200 * kMicrosecond + 7 * i)});
    for (int i = 0; i < 3; i++)
        machine.add_vm({}, {yielding(100 * kMicrosecond)});
    for (Time slice : {5000, 2500, 1250, 1111}) // gone just before their slice ends, and back at once
        machine.add_vm({3000}, {periodic(slice * kMicrosecond - 10 * kMicrosecond, 5 * kMicrosecond)});
    for (unsigned i = 0; i < 4; i++)
        machine.add_vm({2000}, {random_bursts(i, 3 * kMillisecond, kMillisecond)});
    for (int i = 0; i < 4; i++)
        machine.add_vm({5000}, {spin});
}

class Reservations : public testing::TestWithParam<unsigned> {};

TEST_P(Reservations, AreMetWithinOnePercentUnderAdversaries) {
    Simulator machine(GetParam());
    std::vector<SimulatedGroup *> groups;
    for (std::uint32_t reservation : {50, 150, 300})
        groups.push_back(&machine.add_vm({100, reservation}, {spin}));
    add_adversaries(machine);
    machine.run(kSecond);
    for (int second = 0; second < 3; second++) {
        machine.reset_counts();
        machine.run(2 * kSecond);
        for (const SimulatedGroup *group : groups)
            EXPECT_GE(static_cast<double>(group->run()) / (2 * kSecond), 0.99 * group->parameters().reservation / 1000)
                << "reservation " << group->parameters().reservation << " second " << second;
    }
    EXPECT_THAT(machine.complaints(), IsEmpty());
}

TEST_P(Reservations, OfSeveralVcpus) {
    const unsigned cpus = GetParam();
    Simulator machine(cpus);
    SimulatedGroup &group = machine.add_vm({100, 700 * cpus}, std::vector<Behaviour>(cpus, spin));
    add_adversaries(machine);
    machine.run(kSecond);
    machine.reset_counts();
    machine.run(5 * kSecond);
    EXPECT_NEAR(static_cast<double>(group.run()) / (5 * kSecond), 0.7 * cpus, 0.007 * cpus);
}

// The share is more than the reservation: the latter adds nothing to it.
TEST_P(Reservations, AreNotOnTopOfShares) {
    Simulator machine(GetParam());
    SimulatedGroup &group = machine.add_vm({1000, 200}, {spin});
    for (unsigned i = 1; i < 3 * GetParam(); i++)
        machine.add_vm({1000}, {spin});
    machine.run(kSecond);
    machine.reset_counts();
    machine.run(5 * kSecond);
    EXPECT_NEAR(static_cast<double>(group.run()) / (5 * kSecond), 1.0 / 3, 0.01 / 3);
}

// Reservations of all that can be reserved, next to a console whose CPUs they could fill.
TEST_P(Reservations, LeaveSomethingToShares) {
    const unsigned cpus = GetParam();
    Simulator machine(cpus);
    SimulatedGroup &console = machine.add_console({1000}, spin);
    for (unsigned i = 0; i < 3; i++)
        machine.add_vm({100, 300 * cpus}, std::vector<Behaviour>(cpus, spin));
    machine.run(kSecond);
    machine.reset_counts();
    machine.run(5 * kSecond);
    for (const SimulatedWorld &world : console.worlds) {
        EXPECT_GE(world.run, 5 * kSecond * 4 / 100);
        EXPECT_LE(world.longest, 60 * kMillisecond);
    }
}

TEST_P(Reservations, OfWhoComesAndGoesAreThereWhenItComes) {
    Simulator machine(GetParam());
    SimulatedGroup &group = machine.add_vm({1, 400}, {periodic(40 * kMillisecond, 60 * kMillisecond)});
    for (int i = 0; i < 6; i++)
        machine.add_vm({5000}, {spin});
    machine.run(20 * kSecond);
    // 40 ms of work at 0.4 of a CPU take 100 ms, then it sleeps 60: a quarter.
    EXPECT_GE(static_cast<double>(group.run()) / (20 * kSecond), 0.25 * 0.99);
}

TEST_P(Reservations, AreNotUsedUpByWhatNobodyElseWanted) {
    Simulator machine(GetParam());
    SimulatedGroup &group = machine.add_vm({1, 200}, {spin});
    machine.run(5 * kSecond);
    for (unsigned i = 0; i < 4 * GetParam(); i++)
        machine.add_vm({5000}, {spin});
    machine.reset_counts();
    machine.run(kSecond);
    EXPECT_GE(group.run(), 185 * kMillisecond);
}

INSTANTIATE_TEST_SUITE_P(Cpus, Reservations, testing::Values(1, 2, 4));

// One vCPU cannot use what two may have; that is no claim for later.
TEST(ReservationsOfSmp, AreNotSavedUp) {
    Simulator machine(2);
    SimulatedGroup &group = machine.add_vm({1, 1500}, {spin, periodic(1000 * kSecond, 0)});
    for (int i = 0; i < 4; i++)
        machine.add_vm({5000}, {spin});
    machine.sleep(group.worlds[1], 3 * kSecond);
    machine.run(3100 * kMillisecond);
    machine.reset_counts();
    machine.run(kSecond);
    EXPECT_NEAR(static_cast<double>(group.run()) / kSecond, 1.5, 0.16); // a tenth of a second is
}

// A sibling that has a CPU for itself has what is reserved: the other one competes by its shares.
TEST(ReservationsOfSmp, CountWhatSiblingsHave) {
    Simulator machine(2);
    SimulatedGroup &group = machine.add_console({1, 1000}, spin);
    SimulatedGroup &other = machine.add_vm({1000, 0, 0, CpuMask::only(0)}, {spin});
    machine.run(5 * kSecond);
    EXPECT_GE(group.worlds[1].run, 49 * kSecond / 10);
    EXPECT_GE(other.run(), 47 * kSecond / 10);
}

// One that takes all of a CPU and always has a claim to it.
TEST(ReservationsOfSmp, LeaveSomethingOfEachCpu) {
    Simulator machine(2);
    std::array<SimulatedGroup *, 2> pinned{};
    for (unsigned cpu = 0; cpu < 2; cpu++)
        pinned[cpu] = &machine.add_vm({1000, 0, 0, CpuMask::only(cpu)}, {spin});
    SimulatedGroup &whole = machine.add_vm({1, 1000}, {spin});
    machine.run(5 * kSecond);
    for (const SimulatedGroup *group : pinned)
        EXPECT_GE(group->run(), 5 * kSecond * 4 / 100);
    EXPECT_GE(whole.run(), 5 * kSecond * 94 / 100);
}

class Adversaries : public testing::TestWithParam<unsigned> {};

// Nobody gets more than a spinner by sleeping or yielding cleverly, and nobody is left out.
TEST_P(Adversaries, GainNothing) {
    Simulator machine(GetParam());
    std::vector<SimulatedGroup *> honest;
    for (unsigned i = 0; i < 2 * GetParam(); i++)
        honest.push_back(&machine.add_vm({}, {spin}));
    std::vector<SimulatedGroup *> clever;
    for (Time work : {4990, 2490, 1240, 990, 490, 90})
        clever.push_back(&machine.add_vm({}, {periodic(work * kMicrosecond, 10 * kMicrosecond)}));
    machine.run(kSecond);
    machine.reset_counts();
    machine.run(10 * kSecond);
    for (const SimulatedGroup *group : clever)
        EXPECT_LE(group->run(), honest[0]->run() * 102 / 100);
    const double part = static_cast<double>(GetParam()) / (2 * GetParam() + 6);
    for (const SimulatedGroup *group : honest)
        EXPECT_GE(static_cast<double>(group->run()) / (10 * kSecond), 0.99 * part);
    EXPECT_THAT(machine.complaints(), IsEmpty());
}

TEST_P(Adversaries, StarveNobody) {
    Simulator machine(GetParam());
    std::vector<SimulatedGroup *> groups;
    for (unsigned i = 0; i < 8; i++)
        groups.push_back(&machine.add_vm({}, {spin}));
    add_adversaries(machine);
    machine.run(10 * kSecond);
    for (const SimulatedGroup *group : groups)
        EXPECT_LE(group->worlds[0].longest, 300 * kMillisecond);
    EXPECT_THAT(machine.complaints(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Cpus, Adversaries, testing::Values(1, 2, 4));

} // namespace
} // namespace vmm::test

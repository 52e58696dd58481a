// SPDX-License-Identifier: GPL-2.0-only
// Spinning worlds of mixed parameters get what water-filling gives them.
#include "tests/unit/sched/simulator.hpp"
#include "tests/unit/sched/water_filling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace vmm::test {
namespace {

using Mix = std::vector<SchedParameters>;

CpuMask cpus(std::initializer_list<unsigned> list) {
    CpuMask mask;
    for (unsigned cpu : list)
        mask.add(cpu);
    return mask;
}

// After a second to settle, over ten: within 1%, or a slice for who has little.
void expect_entitlements(unsigned count, Mix mix) {
    for (SchedParameters &parameters : mix)
        if (!parameters.affinity.any())
            parameters.affinity = CpuMask::first(count);
    Simulator machine(count);
    std::vector<SimulatedGroup *> groups;
    for (const SchedParameters &parameters : mix)
        groups.push_back(&machine.add_vm(parameters, {spin}));
    machine.run(kSecond);
    machine.reset_counts();
    machine.run(10 * kSecond);
    const std::vector<double> expected = entitlements(count, mix);
    for (std::size_t i = 0; i < mix.size(); i++) {
        const double due = expected[i] * 10.0 * kSecond;
        EXPECT_NEAR(static_cast<double>(groups[i]->run()), due, std::max(due / 100, 2.0 * kMillisecond))
            << "world " << i << " of " << mix.size() << " on " << count << " CPUs, shares " << mix[i].shares
            << " reservation " << mix[i].reservation << " limit " << mix[i].limit;
    }
    EXPECT_THAT(machine.complaints(), testing::IsEmpty());
}

class Fairness : public testing::TestWithParam<unsigned> {};

TEST_P(Fairness, EqualShares) {
    expect_entitlements(GetParam(), Mix(8));
    expect_entitlements(GetParam(), Mix(GetParam() + 1));
    expect_entitlements(GetParam(), Mix(3));
}

TEST_P(Fairness, MixedShares) {
    expect_entitlements(GetParam(), {{500}, {700}, {1000}, {1000}, {1500}, {2000}, {2500}, {3000}});
}

TEST_P(Fairness, MoreSharesThanACpuHolds) {
    expect_entitlements(GetParam(), {{50000}, {1000}, {1000}, {1000}, {2000}});
}

TEST_P(Fairness, Reservations) {
    const unsigned n = GetParam();
    expect_entitlements(n, {{500, 200 * n}, {100, 300}, {1000}, {1000}, {2000}, {700}, {1500}, {3000}});
}

TEST_P(Fairness, Limits) {
    expect_entitlements(GetParam(), {{5000, 0, 150}, {1000, 0, 60}, {1000}, {1000}, {2000}, {700}, {1500}, {3000}});
}

TEST_P(Fairness, Everything) {
    expect_entitlements(GetParam(),
                        {{500, 200}, {500, 250, 250}, {4000, 0, 100}, {1000}, {1500}, {2000}, {800}, {3000, 100}});
}

// Those that share their CPU fairly as it is stay there.
TEST_P(Fairness, CostsFewMigrations) {
    Simulator machine(GetParam());
    std::vector<SimulatedGroup *> groups;
    for (unsigned i = 0; i < 2 * GetParam(); i++)
        groups.push_back(&machine.add_vm({}, {spin}));
    machine.run(10 * kSecond);
    for (const SimulatedGroup *group : groups)
        EXPECT_LE(group->worlds[0].stats().migrations, 20u);
}

INSTANTIATE_TEST_SUITE_P(Cpus, Fairness, testing::Values(1, 2, 4));

SchedParameters at(std::initializer_list<unsigned> list, std::uint32_t shares = 1000) {
    return {shares, 0, 0, cpus(list)};
}

TEST(FairnessOfAffinity, PinnedBesideFree) {
    expect_entitlements(2, {at({0}), at({0}), at({1}), {1000}});
    expect_entitlements(2, {at({0}), at({0}, 2000), at({1})});
    expect_entitlements(4, {at({0}), at({0}), at({0}), at({1}), at({2}), {1000}, {2000}});
}

TEST(FairnessOfAffinity, CrowdsOfSeveralCpus) {
    expect_entitlements(4, {at({0, 1}), at({0, 1}), at({0, 1}), at({0, 1}, 3000), at({0}), at({2, 3}), {2000}});
}

TEST(FairnessOfAffinity, ConsoleOnEachCpuAndVmsAnywhere) {
    expect_entitlements(2, {at({0}), at({1}), {1000}});
    expect_entitlements(4, {at({0}), at({1}), at({2}), at({3}), {1000}, {1000}, {500}});
}

// World 0 needs all of its CPU, just so; the levels of the others' CPUs go at other rates.
TEST(FairnessOfAffinity, WhoNeedsAllOfItsCpu) {
    expect_entitlements(
        4,
        {at({3}, 2405), {1432}, at({1}, 1187), at({1}, 805), at({0}, 1521), at({2}, 833), at({0}, 2116), at({0}, 779)});
}

SchedParameters random_parameters(std::mt19937 &random, unsigned count) {
    SchedParameters parameters{500 + static_cast<std::uint32_t>(random() % 2500), 0, 0, CpuMask::first(count)};
    if (random() % 4 == 0)
        parameters.reservation = random() % (80 * count);
    if (random() % 4 == 0)
        parameters.limit = std::max<std::uint32_t>(parameters.reservation, 60 + random() % 400);
    return parameters;
}

// What limits leave comes in pulses, beside which a world that may use nearly a whole CPU cannot be placed: it is one
// thread. Such mixes are not among these.
TEST(FairnessOfMixes, Random) {
    unsigned compared = 0;
    for (unsigned seed = 1; seed <= 100; seed++) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        const unsigned count = 1u << random() % 3;
        Mix mix;
        for (int i = 0; i < 8; i++)
            mix.push_back(random_parameters(random, count));
        const std::vector<double> parts = entitlements(count, mix);
        if (*std::max_element(parts.begin(), parts.end()) >= 0.75)
            continue;
        expect_entitlements(count, mix);
        compared++;
    }
    EXPECT_GE(compared, 60u);
}

// What was is forgotten soon, also where it was unequal.
TEST(FairnessOfChanges, ACrowdedCpuBecomesAQuietOne) {
    Simulator machine(2);
    std::vector<SimulatedGroup *> crowd;
    for (int i = 0; i < 5; i++)
        crowd.push_back(&machine.add_vm(at({0}), {spin}));
    SimulatedGroup &free = machine.add_vm({}, {spin});
    machine.run(30 * kSecond);
    for (int i = 1; i < 5; i++)
        machine.set(*crowd[static_cast<unsigned>(i)], at({1}));
    machine.run(1200 * kMillisecond);
    machine.reset_counts();
    machine.run(kSecond);
    EXPECT_NEAR(static_cast<double>(free.run()), 0.5 * kSecond, 0.02 * kSecond);
    EXPECT_NEAR(static_cast<double>(crowd[0]->run()), 0.5 * kSecond, 0.02 * kSecond);
}

TEST(FairnessOfChanges, WhoHadMoreSharesThanACpuHasNoClaimLater) {
    Simulator machine(2);
    SimulatedGroup &heavy = machine.add_vm({10000}, {spin});
    SimulatedGroup &light = machine.add_vm({1000}, {spin});
    machine.add_vm({1000}, {spin});
    machine.run(30 * kSecond);
    SimulatedGroup &other = machine.add_vm({10000}, {spin}), &third = machine.add_vm({10000}, {spin});
    machine.run(100 * kMillisecond);
    machine.reset_counts();
    machine.run(kSecond);
    for (const SimulatedGroup *group : {&heavy, &other, &third})
        EXPECT_NEAR(static_cast<double>(group->run()), 2 * kSecond / 3.2, 0.02 * kSecond);
    EXPECT_NEAR(static_cast<double>(light.run()), 2 * kSecond / 32.0, 0.01 * kSecond);
}

// Those who come from a crowded CPU have had less; not at the cost of who is where they come to.
TEST(FairnessOfChanges, WhoComesFromACrowdHasNoClaim) {
    Simulator machine(2);
    SimulatedGroup &quiet = machine.add_vm(at({1}), {spin});
    std::vector<SimulatedGroup *> crowd;
    for (int i = 0; i < 6; i++)
        crowd.push_back(&machine.add_vm(at({0}), {spin}));
    machine.run(30900 * kMillisecond);
    machine.set(*crowd[0], at({1}));
    machine.set(*crowd[1], at({1}));
    machine.reset_counts();
    machine.run(300 * kMillisecond);
    EXPECT_GE(quiet.run(), 60 * kMillisecond);
}

TEST(FairnessOfChanges, LateComersNeitherStarveNorAreStarved) {
    Simulator machine(1);
    SimulatedGroup &old = machine.add_vm({}, {spin});
    machine.run(100 * kSecond);
    SimulatedGroup &late = machine.add_vm({}, {spin});
    machine.reset_counts();
    machine.run(200 * kMillisecond);
    EXPECT_NEAR(static_cast<double>(old.run()), 100.0 * kMillisecond, 10.0 * kMillisecond);
    EXPECT_NEAR(static_cast<double>(late.run()), 100.0 * kMillisecond, 10.0 * kMillisecond);
}

} // namespace
} // namespace vmm::test

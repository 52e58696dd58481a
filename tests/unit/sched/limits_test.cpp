// SPDX-License-Identifier: GPL-2.0-only
// Limits hold in every second, and are used up.
#include "tests/unit/sched/simulator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace vmm::test {
namespace {

using testing::IsEmpty;

class Limits : public testing::TestWithParam<unsigned> {
  protected:
    // In no window of a second more than the limit and 2%.
    static void expect_within(Simulator &machine, const SimulatedGroup &group, double least_part) {
        machine.run(kSecond);
        std::deque<Time> samples;
        const double limit = group.parameters().limit / 1000.0;
        for (int i = 0; i < 200; i++) {
            samples.push_back(group.run());
            if (samples.size() > 40) {
                const double used = static_cast<double>(samples.back() - samples.front()) / kSecond;
                EXPECT_LE(used, 1.02 * limit) << "limit " << limit;
                EXPECT_GE(used, least_part * limit) << "limit " << limit;
                samples.pop_front();
            }
            machine.run(25 * kMillisecond);
        }
        EXPECT_THAT(machine.complaints(), IsEmpty());
    }
};

TEST_P(Limits, OfOneWorldAlone) {
    for (std::uint32_t limit : {50, 100, 333, 500, 900}) {
        Simulator machine(GetParam());
        expect_within(machine, machine.add_vm({1000, 0, limit}, {spin}), 0.98);
    }
}

TEST_P(Limits, OfSeveralVcpus) {
    for (std::uint32_t limit : {100, 700, 900}) {
        Simulator machine(GetParam());
        SimulatedGroup &group = machine.add_vm({1000, 0, limit}, std::vector<Behaviour>(4, spin));
        expect_within(machine, group, 0.97);
    }
}

TEST_P(Limits, AmongSpinners) {
    for (std::uint32_t limit : {50, 200, 400}) {
        Simulator machine(GetParam());
        SimulatedGroup &group = machine.add_vm({50000, 0, limit}, {spin, spin});
        for (int i = 0; i < 5; i++)
            machine.add_vm({}, {spin});
        expect_within(machine, group, 0.97);
    }
}

TEST_P(Limits, OfWhoSleepsAndWakes) {
    for (unsigned seed = 1; seed <= 5; seed++) {
        Simulator machine(GetParam());
        SimulatedGroup &group =
            machine.add_vm({1000, 0, 250}, {random_bursts(seed, 5 * kMillisecond, 2 * kMillisecond),
                                            random_bursts(seed + 99, 50 * kMillisecond, kMillisecond)});
        expect_within(machine, group, 0.5);
    }
}

TEST_P(Limits, AreNotSavedUp) {
    Simulator machine(GetParam());
    SimulatedGroup &group = machine.add_vm({1000, 0, 250}, {periodic(300 * kMillisecond, kSecond)});
    expect_within(machine, group, 0);
}

INSTANTIATE_TEST_SUITE_P(Cpus, Limits, testing::Values(1, 2, 4));

} // namespace
} // namespace vmm::test

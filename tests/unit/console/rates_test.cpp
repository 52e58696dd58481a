// SPDX-License-Identifier: GPL-2.0-only
#include "console/top/rates.hpp"

#include <gtest/gtest.h>

using namespace console;

namespace {

Sample::Cpu cpu(std::uint32_t vcpu, std::uint64_t tsc, std::uint64_t cpuid, std::uint64_t port = 0) {
    Sample::Cpu cpu{vcpu, {}};
    cpu.stats.tsc = tsc;
    cpu.stats.exits[VMNIX_EXIT_CPUID] = cpuid;
    cpu.stats.exits[VMNIX_EXIT_PORT] = port;
    return cpu;
}

} // namespace

TEST(Rates, DivideByTheTimeOfEachVcpu) {
    const Sample before{{cpu(0, 0, 0), cpu(1, 500'000, 10)}};
    const Sample after{{cpu(0, 2'000'000, 100, 50), cpu(1, 1'500'000, 30)}};
    const Rates rates = Rates::between(before, after, 1000);
    ASSERT_EQ(rates.cpus.size(), 2u);
    EXPECT_DOUBLE_EQ(rates.seconds, 2);
    EXPECT_DOUBLE_EQ(rates.cpus[0].exits[VMNIX_EXIT_CPUID], 50);
    EXPECT_DOUBLE_EQ(rates.cpus[0].exits[VMNIX_EXIT_PORT], 25);
    EXPECT_DOUBLE_EQ(rates.cpus[0].total, 75);
    EXPECT_DOUBLE_EQ(rates.cpus[1].exits[VMNIX_EXIT_CPUID], 20);
    EXPECT_DOUBLE_EQ(rates.total.total, 95);
}

TEST(Rates, AVcpuSeenFirstHasNoRate) {
    const Rates rates = Rates::between({{cpu(0, 0, 0)}}, {{cpu(0, 1'000'000, 1), cpu(1, 1'000'000, 1000)}}, 1000);
    ASSERT_EQ(rates.cpus.size(), 1u);
    EXPECT_DOUBLE_EQ(rates.total.total, 1);
}

TEST(Rates, CountersThatWentBackStartAnew) {
    const Rates rates = Rates::between({{cpu(0, 0, 1000)}}, {{cpu(0, 1'000'000, 5)}}, 1000);
    EXPECT_DOUBLE_EQ(rates.total.total, 5);
}

TEST(Rates, NoTimeNoRate) {
    const Rates same = Rates::between({{cpu(0, 5, 1)}}, {{cpu(0, 5, 9)}}, 1000);
    EXPECT_EQ(same.total.total, 0);
    const Rates unknown_frequency = Rates::between({{cpu(0, 0, 1)}}, {{cpu(0, 5, 9)}}, 0);
    EXPECT_EQ(unknown_frequency.total.total, 0);
}

TEST(Rates, ShareOfTheVmmIsAMean) {
    Sample before{{cpu(0, 0, 0), cpu(1, 0, 0)}}, after{{cpu(0, 1'000'000, 0), cpu(1, 1'000'000, 0)}};
    after.cpus[0].stats.vmm_tsc = 500'000;
    const Rates rates = Rates::between(before, after, 1000);
    EXPECT_DOUBLE_EQ(rates.cpus[0].vmm_share, 0.5);
    EXPECT_DOUBLE_EQ(rates.total.vmm_share, 0.25);
}

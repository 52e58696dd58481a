// SPDX-License-Identifier: GPL-2.0-only
#include "console/top/rates_view.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <sstream>

using namespace console;
using testing::HasSubstr;
using testing::Not;

namespace {

Rates rates_of(unsigned cpus) {
    Rates rates;
    rates.seconds = 1;
    for (unsigned i = 0; i < cpus; ++i) {
        CpuRates cpu;
        cpu.vcpu = i;
        cpu.exits[VMNIX_EXIT_CPUID] = 100 + i;
        cpu.exits[VMNIX_EXIT_HALT] = 1000;
        cpu.exits[VMNIX_EXIT_SHUTDOWN] = 1;
        cpu.total = 1101 + i;
        rates.cpus.push_back(cpu);
        rates.total.total += cpu.total;
        for (std::size_t kind = 0; kind < cpu.exits.size(); ++kind)
            rates.total.exits[kind] += cpu.exits[kind];
    }
    return rates;
}

std::vector<std::string> lines_of(const std::string &text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

std::size_t widest(const std::string &text) {
    std::size_t width = 0;
    for (const std::string &line : lines_of(text))
        width = std::max(width, line.size());
    return width;
}

} // namespace

TEST(RatesView, WithoutLimitAllKindsHaveAColumn) {
    const std::string text = rates_table(rates_of(2), Style(false), {});
    for (const char *title : {"vCPU", "cpuid", "rdmsr", "nested", "shutdown", "other"})
        EXPECT_THAT(text, HasSubstr(title));
    EXPECT_THAT(text, Not(HasSubstr("rest")));
    EXPECT_EQ(lines_of(text).size(), 4u);
}

TEST(RatesView, ANarrowScreenKeepsTheBusiestKindsInOrder) {
    const std::string text = rates_table(rates_of(2), Style(false), {66, 0});
    const std::vector<std::string> lines = lines_of(text);
    EXPECT_THAT(lines[0], testing::MatchesRegex(".*VMM +cpuid +halt +rest"));
    EXPECT_THAT(lines[1], testing::MatchesRegex("0 +running +1,101 +- +100 +1,000 +1.0"));
    EXPECT_THAT(lines[3], testing::MatchesRegex("all +2,203 +- +201 +2,000 +2.0"));
}

TEST(RatesView, FitsEveryWidthThatHoldsTheFixedColumns) {
    for (unsigned width = 42; width < 300; ++width)
        EXPECT_LE(widest(rates_table(rates_of(3), Style(false), {width, 0})), width);
}

TEST(RatesView, FitsEveryHeightAndSaysWhatIsMissing) {
    for (unsigned rows = 4; rows < 14; ++rows) {
        const std::string text = rates_table(rates_of(8), Style(false), {80, rows});
        EXPECT_LE(lines_of(text).size(), rows);
        EXPECT_THAT(text, HasSubstr("all "));
        if (rows < 10) {
            EXPECT_THAT(text, HasSubstr("of 8 vCPUs shown, from 0"));
        }
    }
}

TEST(RatesView, ScrollsUpToTheLastRow) {
    const std::string text = rates_table(rates_of(8), Style(false), {80, 5}, 100);
    EXPECT_THAT(text, HasSubstr("2 of 8 vCPUs shown, from 6"));
    EXPECT_THAT(text, HasSubstr("\n7 "));
}

TEST(RatesView, NoVcpuNoCrash) {
    EXPECT_EQ(lines_of(rates_table({}, Style(false), {80, 24})).size(), 2u);
}

TEST(RatesView, Json) {
    const Json json = rates_json(rates_of(2));
    EXPECT_EQ(json["exits_per_second"], 2203.0);
    ASSERT_EQ(json["vcpus"].size(), 2u);
    EXPECT_EQ(json["vcpus"][1]["exits"]["cpuid"], 101.0);
    EXPECT_EQ(json["vcpus"][1]["exits"].size(), std::size_t{VMNIX_EXIT_KINDS});
}

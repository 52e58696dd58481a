// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/start/uncovered_ram.hpp"

#include <gtest/gtest.h>

using namespace console;

namespace {

std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps(const std::vector<RamRange> &parts, std::uint64_t memory) {
    VmImage image{};
    for (const RamRange &part : parts)
        image.parts.push_back({part.base, std::vector<std::byte>(part.size)});
    std::vector<std::pair<std::uint64_t, std::uint64_t>> result;
    for (const RamRange &range : uncovered_ram(image, memory))
        result.emplace_back(range.base, range.size);
    return result;
}

using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

} // namespace

TEST(UncoveredRam, IsWhatIsBetweenTheParts) {
    EXPECT_EQ(gaps({}, 100), (Ranges{{0, 100}}));
    EXPECT_EQ(gaps({{50, 10}, {0, 10}}, 100), (Ranges{{10, 40}, {60, 40}})); // in any order
    EXPECT_EQ(gaps({{0, 60}, {60, 40}}, 100), Ranges{});
    EXPECT_EQ(gaps({{10, 50}, {20, 10}}, 100), (Ranges{{0, 10}, {60, 40}})); // one within another
}

TEST(UncoveredRam, LeavesTheHoleBelowFourGibibytesAlone) {
    const std::uint64_t low = VMNIX_VM_LOW_RAM, high = VMNIX_VM_HIGH_RAM;
    EXPECT_EQ(gaps({{100, 1}}, low + 50), (Ranges{{0, 100}, {101, low - 101}, {high, 50}}));
    EXPECT_EQ(gaps({{high + 10, 5}}, low + 50), (Ranges{{0, low}, {high, 10}, {high + 15, 35}}));
}

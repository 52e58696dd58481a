// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/layout.hpp"

#include <gtest/gtest.h>

#include "console/boot/memory_map.hpp"

using namespace console;
using namespace console::layout;

namespace {

std::uint64_t usable(const std::vector<MemoryRange> &map) {
    std::uint64_t sum = 0;
    for (const MemoryRange &range : map)
        sum += range.type == MemoryType::Usable ? range.size : 0;
    return sum;
}

} // namespace

class MemoryMap : public testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Sizes, MemoryMap,
                         testing::Values(2 * mib, 64 * mib, 96 * mib, 3 * gib - 4096, 3 * gib, 3 * gib + 2 * mib,
                                         8 * gib, memory_max));

TEST_P(MemoryMap, IsSortedWithoutOverlap) {
    std::uint64_t end = 0;
    for (const MemoryRange &range : memory_map(GetParam())) {
        EXPECT_GE(range.base, end);
        EXPECT_GT(range.size, 0u);
        end = range.base + range.size;
    }
}

TEST_P(MemoryMap, OffersAllMemoryButTheLastOfTheFirstMegabyte) {
    EXPECT_EQ(usable(memory_map(GetParam())), GetParam() - (first_mib_end - base_memory_end));
}

TEST_P(MemoryMap, HasNoUsableMemoryBetween3And4GiB) {
    for (const MemoryRange &range : memory_map(GetParam()))
        EXPECT_TRUE(range.type == MemoryType::Reserved || range.base + range.size <= 3 * gib || range.base >= 4 * gib);
}

TEST(Layout, WhatIsAbove3GiBBeginsAt4) {
    const auto map = memory_map(3 * gib + 2 * mib);
    EXPECT_EQ(map.back().base, 4 * gib);
    EXPECT_EQ(map.back().size, 2 * mib);
    EXPECT_EQ(memory_map(3 * gib).back().base, local_apic_base);
}

TEST(Layout, TheIoApicsIdIsNoVcpusUpTo15) {
    EXPECT_GE(io_apic_id, 15);
    EXPECT_LE(io_apic_id, 15) << "the register has four bits";
}

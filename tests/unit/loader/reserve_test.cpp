// SPDX-License-Identifier: GPL-2.0-only
#include <cstring>
#include <gtest/gtest.h>
#include <vector>

#include "console/loader/reserve.hpp"

using namespace loader;

namespace {

constexpr uint64_t mib = 1 << 20;

struct Entry {
    uint64_t base, size;
    uint32_t type;
};

std::vector<unsigned char> zero_page(const std::vector<Entry> &map) {
    std::vector<unsigned char> page(4096);
    page[0x1e8] = static_cast<unsigned char>(map.size());
    for (std::size_t i = 0; i < map.size(); ++i) {
        std::memcpy(&page[0x2d0 + i * 20], &map[i].base, 8);
        std::memcpy(&page[0x2d0 + i * 20 + 8], &map[i].size, 8);
        std::memcpy(&page[0x2d0 + i * 20 + 16], &map[i].type, 4);
    }
    return page;
}

} // namespace

TEST(Join, AsManyAsThereIsRoomForStay) {
    std::vector<vmnix_boot_range> ranges{{2 * mib, 2 * mib}, {8 * mib, 2 * mib}};
    EXPECT_EQ(join(ranges.data(), 2, 2), 2u);
    EXPECT_EQ(ranges[0].size, 2 * mib);
    EXPECT_EQ(join(ranges.data(), 0, 2), 0u);
}

TEST(Join, TheSmallestGapsGoFirst) {
    std::vector<vmnix_boot_range> ranges{
        {0, 2 * mib}, {10 * mib, 2 * mib}, {14 * mib, 2 * mib}, {100 * mib, 2 * mib}, {103 * mib, mib}};
    ASSERT_EQ(join(ranges.data(), 5, 3), 3u);
    EXPECT_EQ(ranges[0].size, 2 * mib);
    EXPECT_EQ(ranges[1].base, 10 * mib);
    EXPECT_EQ(ranges[1].size, 6 * mib);
    EXPECT_EQ(ranges[2].base, 100 * mib);
    EXPECT_EQ(ranges[2].size, 4 * mib);
}

TEST(Join, NothingThatIsTakenGetsLost) {
    std::vector<vmnix_boot_range> ranges, before;
    for (uint64_t i = 0; i < 1000; ++i)
        ranges.push_back({i * 4 * mib + i * i * 4096, 2 * mib});
    before = ranges;
    const uint32_t count = join(ranges.data(), 1000, most_nodes);
    ASSERT_EQ(count, most_nodes);
    for (const vmnix_boot_range &range : before) {
        bool covered = false;
        for (uint32_t i = 0; i < count; ++i)
            covered =
                covered || (ranges[i].base <= range.base && range.base + range.size <= ranges[i].base + ranges[i].size);
        EXPECT_TRUE(covered) << range.base;
    }
    for (uint32_t i = 1; i < count; ++i)
        EXPECT_LT(ranges[i - 1].base + ranges[i - 1].size, ranges[i].base);
}

TEST(WriteNodes, AreLinkedAsLinuxReadsThem) {
    const vmnix_boot_range ranges[] = {{2 * mib, 2 * mib}, {1ull << 32, 4 * mib}};
    SetupNode nodes[2];
    ASSERT_EQ(write_nodes(nodes, 0x15000, ranges, 2, 1ull << 40), 2u);
    EXPECT_EQ(nodes[0].next, 0x15000 + 40u);
    EXPECT_EQ(nodes[1].next, 0u);
    for (const SetupNode &node : nodes) {
        EXPECT_EQ(node.type, 0x80000000u);
        EXPECT_EQ(node.length, 24u);
        EXPECT_NE(node.inner_type, setup_indirect);
        EXPECT_EQ(node.reserved, 0u);
    }
    EXPECT_EQ(nodes[0].address, 2 * mib);
    EXPECT_EQ(nodes[0].size, 2 * mib);
    EXPECT_EQ(nodes[1].address, 1ull << 32);
    EXPECT_EQ(nodes[1].size, 4 * mib);
}

TEST(WriteNodes, TheEndOfRamStaysToBeSeen) {
    const vmnix_boot_range ranges[] = {{2 * mib, 2 * mib}, {8 * mib, 2 * mib}, {12 * mib, 2 * mib}};
    SetupNode nodes[3];
    ASSERT_EQ(write_nodes(nodes, 0, ranges, 2, 10 * mib), 2u);
    EXPECT_EQ(nodes[0].size, 2 * mib);
    EXPECT_EQ(nodes[1].size, 2 * mib - 1);
    ASSERT_EQ(write_nodes(nodes, 0, ranges, 3, 9 * mib), 3u); // one covers more than RAM
    EXPECT_EQ(nodes[1].size, mib - 1);
    EXPECT_EQ(nodes[2].size, 2 * mib);
}

TEST(EndOfRam, IsTheHighestOfRamOnly) {
    const auto page = zero_page({{0x100000000, 64 * mib, 1}, {mib, 63 * mib, 1}, {0x200000000, mib, 2}});
    EXPECT_EQ(end_of_ram(page.data()), 0x100000000 + 64 * mib);
    EXPECT_EQ(end_of_ram(zero_page({}).data()), 0u);
}

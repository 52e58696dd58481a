// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/mm/memory_map.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace vmm {
namespace {

constexpr Range<Gpa> range(std::uint64_t begin, std::uint64_t end) {
    return {Gpa(begin), end - begin};
}

TEST(MemoryMap, EmptyHasNoRam) {
    const MemoryMap map;
    for (std::uint64_t address : {0ull, 1ull, 0x1000ull, ~0ull, 1ull << 63})
        EXPECT_FALSE(map.is_ram(Gpa(address)));
    EXPECT_EQ(map.count(), 0u);
}

TEST(MemoryMap, Edges) {
    MemoryMap map;
    ASSERT_TRUE(map.add(range(0x1000, 0xa0000)));
    ASSERT_TRUE(map.add(range(0x100000, 0x40000000)));
    ASSERT_TRUE(map.add(range(0x1'0000'0000, 0x1'8000'0000)));
    const std::uint64_t in[] = {0x1000, 0x9ffff, 0x100000, 0x3fffffff, 0x1'0000'0000, 0x1'7fff'ffff};
    const std::uint64_t out[] = {0, 0xfff, 0xa0000, 0xfffff, 0x40000000, 0xff'fff'ffff, 0x1'8000'0000, ~0ull};
    for (std::uint64_t address : in)
        EXPECT_TRUE(map.is_ram(Gpa(address))) << std::hex << address;
    for (std::uint64_t address : out)
        EXPECT_FALSE(map.is_ram(Gpa(address))) << std::hex << address;
}

TEST(MemoryMap, LargestFirst) {
    MemoryMap map;
    for (std::uint64_t pages : {3, 9, 1, 9, 5})
        ASSERT_TRUE(map.add({Gpa(pages << 32 | map.count() << 28), pages * kPageSize}));
    ASSERT_EQ(map.count(), 5u);
    for (unsigned i = 1; i < map.count(); i++)
        EXPECT_GE(map[i - 1].size, map[i].size);
}

TEST(MemoryMap, EmptyRangesTakeNoRow) {
    MemoryMap map;
    EXPECT_TRUE(map.add({Gpa(0x1000), 0}));
    EXPECT_EQ(map.count(), 0u);
    EXPECT_FALSE(map.is_ram(Gpa(0x1000)));
}

TEST(MemoryMap, Holes) {
    struct {
        Range<Gpa> hole;
        std::vector<Range<Gpa>> left;
    } const rows[] = {
        {range(0x4000, 0x6000), {range(0x2000, 0x4000), range(0x6000, 0xa000)}}, // inside
        {range(0x2000, 0x6000), {range(0x6000, 0xa000)}},                        // at the start
        {range(0x6000, 0xa000), {range(0x2000, 0x6000)}},                        // at the end
        {range(0x2000, 0xa000), {}},                                             // all
        {range(0x0, 0x20000), {}},                                               // more than all
        {range(0x0, 0x4000), {range(0x4000, 0xa000)}},                           // over the start
        {range(0x8000, 0x20000), {range(0x2000, 0x8000)}},                       // over the end
        {range(0xa000, 0xc000), {range(0x2000, 0xa000)}},                        // beside
        {range(0x0, 0x2000), {range(0x2000, 0xa000)}},                           // beside
        {range(0x5000, 0x5000), {range(0x2000, 0xa000)}},                        // no hole
    };
    for (const auto &row : rows) {
        MemoryMap map;
        ASSERT_TRUE(map.add_without(range(0x2000, 0xa000), row.hole));
        for (std::uint64_t page = 0; page < 0x30000; page += kPageSize) {
            const bool expected =
                std::ranges::any_of(row.left, [&](const auto &part) { return part.contains(Gpa(page)); });
            EXPECT_EQ(map.is_ram(Gpa(page)), expected) << std::hex << row.hole.begin.raw() << " page " << page;
        }
    }
}

// Whatever is added, the answer never wraps round the ends of the address space.
TEST(MemoryMap, NoWrapAround) {
    MemoryMap map;
    ASSERT_TRUE(map.add(range(0, 0x10000)));
    ASSERT_TRUE(map.add({Gpa(0xffff'ffff'ffff'0000), 0xf000}));
    EXPECT_TRUE(map.is_ram(Gpa(0)));
    EXPECT_TRUE(map.is_ram(Gpa(0xffff'ffff'ffff'efff)));
    EXPECT_FALSE(map.is_ram(Gpa(0xffff'ffff'ffff'f000)));
    EXPECT_FALSE(map.is_ram(Gpa(~0ull)));
    EXPECT_FALSE(map.is_ram(Gpa(0x10000)));
    EXPECT_FALSE(map.is_ram(Gpa(0xffff'ffff'fffe'ffff)));
}

TEST(MemoryMap, FullIsRefused) {
    MemoryMap map;
    for (unsigned i = 0; i < MemoryMap::kMost; i++)
        ASSERT_TRUE(map.add({Gpa(i * 2 * kPageSize), kPageSize}));
    EXPECT_FALSE(map.add({Gpa(1ull << 40), kPageSize}));
    EXPECT_FALSE(map.add_without({Gpa(1ull << 40), 3 * kPageSize}, {Gpa((1ull << 40) + kPageSize), kPageSize}));
    EXPECT_EQ(map.count(), MemoryMap::kMost);
    EXPECT_FALSE(map.is_ram(Gpa(1ull << 40)));
    EXPECT_TRUE(map.is_ram(Gpa((MemoryMap::kMost - 1) * 2 * kPageSize)));
    EXPECT_TRUE(map.add({Gpa(0), 0})); // nothing needs no room
}

TEST(MemoryMap, AgreesWithAPlainList) {
    std::mt19937_64 random(11);
    for (unsigned round = 0; round < 20; round++) {
        MemoryMap map;
        std::vector<Range<Gpa>> list;
        for (unsigned i = 0; i < 20; i++) {
            const Range<Gpa> one{Gpa(i * 64 * kPageSize + random() % 16 * kPageSize), random() % 48 * kPageSize};
            list.push_back(one);
            ASSERT_TRUE(map.add(one));
        }
        for (unsigned i = 0; i < 4000; i++) {
            const Gpa address(random() % (21 * 64 * kPageSize));
            ASSERT_EQ(map.is_ram(address),
                      std::ranges::any_of(list, [&](const auto &one) { return one.contains(address); }));
        }
    }
}

} // namespace
} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
// The MTRRs' rules, APM vol. 2, 7.7, by example and against a slow reference.
#include "vmm/mm/memory_type.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace vmm {
namespace {

constexpr auto UC = MemoryType::Uncacheable, WC = MemoryType::WriteCombining, WT = MemoryType::WriteThrough,
               WP = MemoryType::WriteProtect, WB = MemoryType::WriteBack;
constexpr std::uint64_t kEnabled = 1 << 11, kFixedEnabled = 1 << 10, kValid = 1 << 11;
constexpr std::uint64_t kGiga = 1 << 30;

constexpr std::uint64_t number(MemoryType type) {
    return static_cast<std::uint64_t>(type);
}

class MtrrTest : public testing::Test {
  protected:
    MtrrTest() {
        mtrrs_.def_type = kEnabled | kFixedEnabled | number(UC);
        mtrrs_.physical_bits = 40;
        mtrrs_.fixed.fill(0x0606060606060606);
    }
    void add(std::uint64_t base, std::uint64_t size, MemoryType type) {
        const std::uint64_t mask = ~(size - 1) & ((1ull << mtrrs_.physical_bits) - 1);
        mtrrs_.variable[mtrrs_.variable_count++] = {base | number(type), mask | kValid};
    }
    MemoryType at(std::uint64_t address) const { return mtrrs_.type_at(Hpa(address)); }
    std::vector<std::uint64_t> borders() const {
        const TypeBorders found = type_borders(mtrrs_);
        return {found.all().begin(), found.all().end()};
    }

    Mtrrs mtrrs_;
};

TEST_F(MtrrTest, DisabledIsUncacheable) {
    add(0, kGiga, WB);
    mtrrs_.def_type = kFixedEnabled | number(WB);
    for (std::uint64_t address : {0ull, 0xfffffull, 0x100000ull, 0x3fffffffull, 0x40000000ull})
        EXPECT_EQ(at(address), UC);
    EXPECT_TRUE(borders().empty());
}

TEST_F(MtrrTest, DefaultOutsideOfRanges) {
    mtrrs_.def_type = kEnabled | kFixedEnabled | number(WT);
    add(kGiga, kGiga, WB);
    EXPECT_EQ(at(kGiga - 1), WT);
    EXPECT_EQ(at(kGiga), WB);
    EXPECT_EQ(at(2 * kGiga - 1), WB);
    EXPECT_EQ(at(2 * kGiga), WT);
    EXPECT_EQ(borders(), (std::vector<std::uint64_t>{0x100000, kGiga, 2 * kGiga}));
}

// APM vol. 2, figure 7-4 and table 7-8: which register and which byte a page of the first MiB belongs to.
TEST_F(MtrrTest, FixedRanges) {
    struct {
        std::uint64_t address;
        unsigned reg, byte;
    } const rows[] = {{0x00000, 0, 0}, {0x0ffff, 0, 0}, {0x10000, 0, 1}, {0x7ffff, 0, 7}, {0x80000, 1, 0},
                      {0x83fff, 1, 0}, {0x84000, 1, 1}, {0x9ffff, 1, 7}, {0xa0000, 2, 0}, {0xbffff, 2, 7},
                      {0xc0000, 3, 0}, {0xc0fff, 3, 0}, {0xc7fff, 3, 7}, {0xc8000, 4, 0}, {0xd0000, 5, 0},
                      {0xd8000, 6, 0}, {0xe0000, 7, 0}, {0xe8000, 8, 0}, {0xf0000, 9, 0}, {0xf8000, 10, 0},
                      {0xfffff, 10, 7}};
    for (const auto &row : rows) {
        mtrrs_.fixed.fill(0x0606060606060606);
        mtrrs_.fixed[row.reg] ^= (number(WB) ^ number(WP)) << 8 * row.byte;
        EXPECT_EQ(at(row.address), WP) << std::hex << row.address;
        EXPECT_EQ(std::ranges::count_if(mtrrs_.fixed, [](auto value) { return value != 0x0606060606060606; }), 1);
    }
}

TEST_F(MtrrTest, FixedRangesWinOverVariableOnes) {
    add(0, kGiga, WB);
    mtrrs_.fixed[2] = 0; // a0000 to bffff
    EXPECT_EQ(at(0xa0000), UC);
    EXPECT_EQ(at(0x9ffff), WB);
    EXPECT_EQ(at(0xc0000), WB);
    EXPECT_EQ(borders(), (std::vector<std::uint64_t>{0xa0000, 0xc0000, kGiga}));
    mtrrs_.def_type &= ~kFixedEnabled;
    EXPECT_EQ(at(0xa0000), WB);
    EXPECT_EQ(borders(), (std::vector<std::uint64_t>{kGiga}));
}

TEST_F(MtrrTest, Overlaps) {
    struct {
        MemoryType a, b, result;
    } const rows[] = {{WB, WB, WB}, {WB, UC, UC}, {UC, WB, UC}, {WT, WB, WT}, {WB, WT, WT},
                      {WT, UC, UC}, {WC, WC, WC}, {UC, UC, UC}, {WP, UC, UC}, {WC, UC, UC}};
    for (const auto &row : rows) {
        mtrrs_.variable_count = 0;
        add(0, 2 * kGiga, row.a);
        add(kGiga, kGiga, row.b);
        EXPECT_EQ(at(kGiga), row.result);
        EXPECT_EQ(at(kGiga - 1), row.a);
    }
}

// What the manual leaves undefined gets the type that is never wrong.
TEST_F(MtrrTest, UndefinedOverlapsAreUncacheable) {
    add(0, 2 * kGiga, WC);
    add(0, 2 * kGiga, WB);
    EXPECT_EQ(at(kGiga), UC);
}

TEST_F(MtrrTest, ThreeRangesInAnyOrder) {
    MemoryType types[] = {WB, WT, UC};
    std::ranges::sort(types);
    do {
        mtrrs_.variable_count = 0;
        for (MemoryType type : types)
            add(kGiga, kGiga, type);
        EXPECT_EQ(at(kGiga), UC);
    } while (std::ranges::next_permutation(types).found);
}

TEST_F(MtrrTest, InvalidRangesCountForNothing) {
    add(kGiga, kGiga, WB);
    mtrrs_.variable[0].mask &= ~kValid;
    EXPECT_EQ(at(kGiga), UC);
    mtrrs_.variable[0].mask |= kValid;
    mtrrs_.variable_count = 0; // beyond the count
    EXPECT_EQ(at(kGiga), UC);
}

// A PC with a hole for devices below 4 GiB, as firmware sets it up.
TEST_F(MtrrTest, FirmwareLayout) {
    mtrrs_.def_type = kEnabled | kFixedEnabled | number(WB);
    mtrrs_.fixed[2] = 0;
    add(2 * kGiga, 2 * kGiga, UC);
    EXPECT_EQ(at(2 * kGiga - 1), WB);
    EXPECT_EQ(at(0xfee00000), UC);
    EXPECT_EQ(at(4 * kGiga), WB);
    EXPECT_EQ(borders(), (std::vector<std::uint64_t>{0xa0000, 0xc0000, 2 * kGiga, 4 * kGiga}));
}

TEST_F(MtrrTest, ARangeOverEverythingHasNoBorders) {
    mtrrs_.variable[mtrrs_.variable_count++] = {number(WB), kValid};
    mtrrs_.def_type &= ~kFixedEnabled;
    EXPECT_EQ(at(0), WB);
    EXPECT_EQ(at((1ull << 40) - 1), WB);
    EXPECT_TRUE(borders().empty());
}

// All registers in use, each unit of another type than its neighbours: nothing is forgotten for want of room.
TEST_F(MtrrTest, MostBorders) {
    mtrrs_.def_type = kEnabled | kFixedEnabled | number(WB);
    for (std::uint64_t &reg : mtrrs_.fixed)
        reg = 0x0006000600060006;
    for (unsigned i = 0; i < Mtrrs::kVariable; i++)
        add(kGiga * (2 * i + 1), kGiga, UC);
    EXPECT_EQ(borders().size(), 88 + 2 * Mtrrs::kVariable);
    EXPECT_EQ(borders().size(), TypeBorders::kMost);
    EXPECT_TRUE(std::ranges::is_sorted(borders()));
}

// Every page of a small machine.
TEST_F(MtrrTest, BordersAreExactlyWhereTypesChange) {
    constexpr unsigned kBits = 27;
    constexpr MemoryType kTypes[] = {UC, WB, WT, WC, WP};
    std::mt19937_64 random(3);
    for (unsigned round = 0; round < 12; round++) {
        mtrrs_ = {};
        mtrrs_.physical_bits = kBits;
        mtrrs_.def_type = kEnabled | (round % 3 ? kFixedEnabled : 0) | number(kTypes[random() % 5]);
        for (std::uint64_t &reg : mtrrs_.fixed)
            for (unsigned byte = 0; byte < 8; byte++)
                reg |= number(kTypes[random() % 3]) << 8 * byte;
        for (unsigned i = random() % 8; i > 0; i--) {
            const std::uint64_t size = kPageSize << random() % (kBits - 12);
            add(align_down(random() % (1u << kBits), size), size, kTypes[random() % 5]);
        }
        std::vector<std::uint64_t> expected;
        for (std::uint64_t address = kPageSize; address < 1u << kBits; address += kPageSize)
            if (at(address) != at(address - 1))
                expected.push_back(address);
        auto found = borders();
        std::erase_if(found, [](std::uint64_t border) { return border >= 1u << kBits; });
        ASSERT_EQ(found, expected) << round;
    }
}

} // namespace
} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
// Splitting large pages, sharing table pages, and running out of frames.
#include "vmm/mm/radix_table.hpp"

#include "tests/unit/mm/radix_fixture.hpp"

namespace vmm::test {
namespace {

template <class S> class RadixSplitTest : public RadixFixture<S> {};
TYPED_TEST_SUITE(RadixSplitTest, Shapes);

// No page crosses `va`: the one that holds the byte before ends there.
template <class T> void expect_border(T &table, std::uint64_t va) {
    const Mapping before = table.lookup(va - 1);
    EXPECT_EQ(align_down(va - 1, before.size) + before.size, va) << std::hex << va;
}

TYPED_TEST(RadixSplitTest, NoPageCrossesABorder) {
    this->map(0, 0, 4 * kGiga);
    for (std::uint64_t border : {std::uint64_t{0xa0000}, 3 * kMega, kGiga + kPageSize, 2 * kGiga, 3 * kGiga + 6 * kMega,
                                 4 * kGiga - kPageSize}) {
        this->split(border);
        expect_border(this->table_, border);
    }
}

TYPED_TEST(RadixSplitTest, SplittingChangesNoTranslation) {
    const MemoryType type = MemoryType::WriteCombining;
    this->map(kGiga, 5 * kGiga, kGiga, kReadOnly, type);
    auto before = this->walk(kGiga);
    this->split(kGiga + 3 * kMega + kPageSize);
    for (std::uint64_t offset :
         {std::uint64_t{0}, std::uint64_t{0xfff}, 2 * kMega, 3 * kMega, 3 * kMega + kPageSize, kGiga - 1}) {
        auto after = this->walk(kGiga + offset);
        ASSERT_TRUE(after);
        EXPECT_EQ(after->pa, 5 * kGiga + offset);
        EXPECT_EQ(after->write, before->write);
        EXPECT_EQ(after->execute, before->execute);
        EXPECT_EQ(after->user, before->user);
        EXPECT_EQ(this->type_of(*after), this->type_of(*before));
    }
}

TYPED_TEST(RadixSplitTest, OwedWhenAPageWasSplit) {
    this->map(0, 0, 2 * kGiga);
    const bool large = TypeParam::kLargest > 1;
    EXPECT_EQ(this->split(kGiga + 2 * kMega + kPageSize), large);
    EXPECT_FALSE(this->split(kGiga + 2 * kMega + kPageSize)); // is split already
    EXPECT_FALSE(this->split(kGiga));
    EXPECT_FALSE(this->split(0));
}

TYPED_TEST(RadixSplitTest, HolesNeedNoSplitting) {
    const auto used = this->frames_.used();
    EXPECT_FALSE(this->split(0x1000));
    EXPECT_FALSE(this->split(kGiga + 0x1000));
    EXPECT_EQ(this->frames_.used(), used);
    this->map(0, 0, kPageSize);
    EXPECT_FALSE(this->split(0x3000));
    EXPECT_FALSE(this->walk(0x3000));
}

TYPED_TEST(RadixSplitTest, AliasMapsEveryPageToOne) {
    this->map(0, 0, 64 * kMega);
    FlushDebt debt(false);
    ASSERT_TRUE(this->table_.map_alias(32 * kMega, Hpa(0x5000), 8 * kMega, kReadOnly, debt));
    EXPECT_TRUE(debt.settle());
    for (std::uint64_t va = 32 * kMega; va < 40 * kMega; va += 0x37000) {
        ASSERT_TRUE(this->walk(va));
        EXPECT_EQ(this->walk(va)->pa, 0x5000 | (va & 0xfff));
        EXPECT_FALSE(this->walk(va)->write || this->walk(va)->execute);
    }
    EXPECT_EQ(this->walk(32 * kMega - 1)->pa, 32 * kMega - 1);
    EXPECT_EQ(this->walk(40 * kMega)->pa, 40 * kMega);
}

TYPED_TEST(RadixSplitTest, AliasCostsTwoPagesWhereTablesExist) {
    this->map(0, 0, 2 * kMega);
    this->split(kPageSize); // tables down to the last level
    const auto used = this->frames_.used();
    FlushDebt debt(false);
    ASSERT_TRUE(this->table_.map_alias(512 * kMega, Hpa(0x5000), 256 * kMega, kReadOnly, debt));
    EXPECT_FALSE(debt.settle()); // nothing was there
    EXPECT_LE(this->frames_.used() - used, 2u);
}

// What lies beside it in the same table page must not be covered.
TYPED_TEST(RadixSplitTest, AliasOfHalfATablePageIsRefused) {
    this->map(0, 0, 64 * kMega);
    FlushDebt debt(false);
    EXPECT_EQ(this->table_.map_alias(kMega, Hpa(0x5000), 2 * kMega, kReadOnly, debt).error(), Errc::Invalid);
    EXPECT_EQ(this->table_.map_alias(2 * kMega, Hpa(0x5000), kMega, kReadOnly, debt).error(), Errc::Invalid);
    EXPECT_FALSE(debt.settle());
    EXPECT_EQ(this->walk(kMega)->pa, kMega);
    EXPECT_EQ(this->walk(3 * kMega)->pa, 3 * kMega);
}

// The table's pages are the caller's memory: running out is an answer, and what was promised before still holds.
TYPED_TEST(RadixSplitTest, OutOfFrames) {
    this->map(0, 0, kGiga);
    this->frames_.allow(0);
    FlushDebt debt(false);
    const auto mapped = this->table_.map(1ull << 40, Hpa(0), kPageSize, kAll, MemoryType::WriteBack, debt);
    EXPECT_FALSE(mapped);
    EXPECT_EQ(mapped.error(), Errc::NoMemory);
    EXPECT_FALSE(debt.settle());
    EXPECT_FALSE(this->walk(1ull << 40));
    EXPECT_EQ(this->walk(kGiga - 1)->pa, kGiga - 1);
    EXPECT_FALSE(this->table_.map_alias(0, Hpa(0), 2 * kMega, kReadOnly, debt));
    EXPECT_FALSE(debt.settle());
    EXPECT_EQ(this->walk(0)->pa, 0u);
}

// Half-way: what was changed before the frames ran out is owed.
TYPED_TEST(RadixSplitTest, OutOfFramesHalfWayOwesWhatWasDone) {
    this->map(0, 0, kPageSize);
    this->frames_.allow(0);
    FlushDebt debt(false);
    const std::uint64_t beyond = 1ull << (12 + 9 * (TypeParam::kLevels - 1)); // needs a table of its own
    EXPECT_FALSE(this->table_.map(0, Hpa(0x100000), beyond + kPageSize, kAll, MemoryType::WriteBack, debt));
    EXPECT_TRUE(debt.settle());
}

} // namespace
} // namespace vmm::test

// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/mm/radix_table.hpp"

#include "tests/unit/mm/radix_fixture.hpp"

namespace vmm::test {
namespace {

template <class S> class RadixTableTest : public RadixFixture<S> {};
TYPED_TEST_SUITE(RadixTableTest, Shapes);

TYPED_TEST(RadixTableTest, EmptyMapsNothing) {
    for (std::uint64_t va : {0ull, 0x1000ull, 1ull << 38, 0xffff800000000000ull}) {
        EXPECT_FALSE(this->walk(va));
        EXPECT_FALSE(this->table_.lookup(va).present);
    }
    EXPECT_EQ(this->table_.lookup(0).size, 1ull << (3 + 9 * TypeParam::kLevels)); // the whole hole
    EXPECT_EQ(this->table_.levels(), TypeParam::kLevels);
}

TYPED_TEST(RadixTableTest, OnePage) {
    EXPECT_FALSE(this->map(0xffff800012345000, 0xabcd000, kPageSize, kReadWrite));
    const auto walked = this->walk(0xffff800012345678);
    ASSERT_TRUE(walked);
    EXPECT_EQ(walked->pa, 0xabcd678u);
    EXPECT_EQ(walked->page, kPageSize);
    EXPECT_TRUE(walked->write && !walked->execute);
    EXPECT_FALSE(this->walk(0xffff800012344fff));
    EXPECT_FALSE(this->walk(0xffff800012346000));
    EXPECT_EQ(this->frames_.used(), TypeParam::kLevels); // one table for each level
}

TYPED_TEST(RadixTableTest, LargestPagesThatAlignmentAllows) {
    const std::uint64_t va = 0x40'0000'0000, pa = 0x80'0000'0000;
    this->map(va, pa, 2 * kGiga);
    EXPECT_EQ(this->walk(va)->page, this->kLargestPage);
    EXPECT_EQ(this->walk(va + 2 * kGiga - 1)->page, this->kLargestPage);
    EXPECT_EQ(this->walk(va + 2 * kGiga - 1)->pa, pa + 2 * kGiga - 1);
}

// Both ends ragged: small pages up to the first border, large ones between, small ones after.
TYPED_TEST(RadixTableTest, RaggedEnds) {
    const std::uint64_t va = 2 * kMega - 3 * kPageSize, size = 2 * kMega + 5 * kPageSize;
    this->map(va, va, size);
    EXPECT_EQ(this->walk(va)->page, kPageSize);
    EXPECT_EQ(this->walk(2 * kMega)->page, std::min(this->kLargestPage, 2 * kMega));
    EXPECT_EQ(this->walk(4 * kMega)->page, kPageSize);
    EXPECT_EQ(this->walk(va + size - 1)->pa, va + size - 1);
    EXPECT_FALSE(this->walk(va - 1));
    EXPECT_FALSE(this->walk(va + size));
}

// A physical address of another alignment forbids what the virtual one allows.
TYPED_TEST(RadixTableTest, SkewedFramesNeedSmallPages) {
    this->map(0, 0x1000, 4 * kMega);
    for (std::uint64_t va : {0ull, 0x1fffffull, 0x200000ull, 0x3fffffull}) {
        EXPECT_EQ(this->walk(va)->page, kPageSize);
        EXPECT_EQ(this->walk(va)->pa, va + 0x1000);
    }
    this->map(kGiga, 2 * kMega, kGiga);
    EXPECT_EQ(this->walk(kGiga)->page, std::min(this->kLargestPage, 2 * kMega));
}

TYPED_TEST(RadixTableTest, LookupAgreesWithTheCpu) {
    const bool nested = std::is_same_v<typename TypeParam::Format, svm::NptFormat>;
    this->map(0x7000, 0x9000, kPageSize, kReadExecute, MemoryType::Uncacheable);
    this->map(4 * kMega, 6 * kMega, 2 * kMega, kReadOnly, MemoryType::WriteCombining);
    const auto expect = [&](std::uint64_t va, std::uint64_t frame, Rights rights, MemoryType type) {
        const Mapping mapping = this->table_.lookup(va);
        const auto walked = this->walk(va);
        ASSERT_TRUE(mapping.present && walked);
        EXPECT_EQ(mapping.frame, Hpa(frame));
        EXPECT_EQ(mapping.size, walked->page);
        EXPECT_EQ(mapping.rights, rights);
        EXPECT_EQ(mapping.type, nested ? MemoryType::WriteBack : type);
        EXPECT_EQ(walked->write, rights.write);
        EXPECT_EQ(walked->execute, rights.execute);
        EXPECT_EQ(walked->user, nested);
    };
    expect(0x7123, 0x9000, kReadExecute, MemoryType::Uncacheable);
    const std::uint64_t page = std::min(this->kLargestPage, 2 * kMega);
    expect(5 * kMega, align_down(7 * kMega, page), kReadOnly, MemoryType::WriteCombining);
    EXPECT_FALSE(this->table_.lookup(0x8000).present);
    EXPECT_EQ(this->table_.lookup(0x8000).size, kPageSize); // a hole of one entry
}

TYPED_TEST(RadixTableTest, UnmapPunchesExactly) {
    this->map(0, 0, 2 * kGiga);
    EXPECT_TRUE(this->unmap(kGiga + 5 * kPageSize, kPageSize));
    EXPECT_FALSE(this->walk(kGiga + 5 * kPageSize));
    EXPECT_EQ(this->walk(kGiga + 5 * kPageSize - 1)->pa, kGiga + 5 * kPageSize - 1);
    EXPECT_EQ(this->walk(kGiga + 6 * kPageSize)->pa, kGiga + 6 * kPageSize);
    EXPECT_EQ(this->walk(kGiga + 2 * kMega)->page, std::min(this->kLargestPage, 2 * kMega)); // split no further
    EXPECT_EQ(this->walk(0)->page, this->kLargestPage);
}

TYPED_TEST(RadixTableTest, UnmapOfWholeLargePages) {
    this->map(0, 0, 2 * kGiga);
    EXPECT_TRUE(this->unmap(0, kGiga));
    EXPECT_FALSE(this->walk(0));
    EXPECT_FALSE(this->walk(kGiga - 1));
    EXPECT_EQ(this->walk(kGiga)->pa, kGiga);
    EXPECT_FALSE(this->unmap(0, kGiga)); // nothing left to forget
}

TYPED_TEST(RadixTableTest, ReplaceIsOwedAndRepeatIsNot) {
    EXPECT_FALSE(this->map(0, 0, 4 * kMega));
    EXPECT_FALSE(this->map(0, 0, 4 * kMega)); // the same again
    EXPECT_TRUE(this->map(0, 8 * kMega, 4 * kMega));
    EXPECT_EQ(this->walk(kMega)->pa, 9 * kMega);
    EXPECT_TRUE(this->map(0, 8 * kMega, 4 * kMega, kReadOnly));
    EXPECT_FALSE(this->walk(kMega)->write);
    // Wider rights are owed too: the CPU may go on faulting by what it holds.
    EXPECT_TRUE(this->map(0, 8 * kMega, 4 * kMega, kAll));
}

// A large page takes the place of a table.
TYPED_TEST(RadixTableTest, LargeOverSmall) {
    this->map(2 * kMega, 2 * kMega, kPageSize);
    EXPECT_TRUE(this->map(2 * kMega, 32 * kMega, 2 * kMega));
    EXPECT_EQ(this->walk(2 * kMega)->pa, 32 * kMega);
    EXPECT_EQ(this->walk(2 * kMega + 0x5000)->pa, 32 * kMega + 0x5000);
}

TYPED_TEST(RadixTableTest, HighHalfAndTop) {
    this->map(0xffff'ffff'ffff'f000, 0x1000, kPageSize);
    EXPECT_EQ(this->walk(0xffff'ffff'ffff'ffff)->pa, 0x1fffu);
    EXPECT_FALSE(this->walk(0));
    EXPECT_FALSE(this->walk(0xffff'ffff'ffff'efff));
}

TYPED_TEST(RadixTableTest, NothingOfNoSize) {
    EXPECT_FALSE(this->map(0x1000, 0x1000, 0));
    EXPECT_FALSE(this->unmap(0x1000, 0));
    EXPECT_FALSE(this->walk(0x1000));
}

// Only tables that map nothing are taken out, and a flush is owed for them.
TYPED_TEST(RadixTableTest, PruneTakesWhatMapsNothing) {
    const std::uint64_t alone = 5ull << 39, neighbour = alone + 2 * kMega;
    const auto prune = [&](std::uint64_t va) {
        FlushDebt debt(false);
        const auto pruned = this->table_.prune(va, debt);
        EXPECT_EQ(debt.settle(), pruned.count != 0);
        return pruned.count;
    };
    EXPECT_EQ(prune(alone), 0u);
    this->map(alone, kMega, kPageSize);
    this->map(neighbour, kMega, kPageSize);
    EXPECT_EQ(prune(alone), 0u); // they are in use
    this->unmap(alone, kPageSize);
    EXPECT_EQ(prune(alone), 1u);
    EXPECT_FALSE(this->walk(alone));
    EXPECT_EQ(this->walk(neighbour)->pa, kMega);
    EXPECT_EQ(prune(alone), 0u);
    this->unmap(neighbour, kPageSize);
    EXPECT_EQ(prune(neighbour), TypeParam::kLevels - 1); // all but the root
    EXPECT_FALSE(this->walk(neighbour));
    this->map(alone, kMega, kPageSize);
    EXPECT_EQ(this->walk(alone)->pa, kMega);
}

} // namespace
} // namespace vmm::test

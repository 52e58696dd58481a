// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/mm/pieces.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace vmm {
namespace {

constexpr std::uint64_t kSize = PieceMap::kSize;

class PieceMapTest : public testing::Test {
  protected:
    static constexpr std::uint64_t kCount = 16;
    PieceMapTest() { map_.use(owners_); }
    static Hpa piece(std::uint64_t n) { return Hpa(n * kSize); }
    void give(std::uint64_t n) { map_.move(piece(n), Owner::Console, Owner::Dirty); }
    // What the counters say against what is so.
    void expect_sound() {
        for (Owner owner : {Owner::Console, Owner::Dirty, Owner::Free, Owner::Frames, Owner::Vm})
            EXPECT_EQ(map_.pieces(owner), static_cast<std::uint64_t>(std::ranges::count(owners_, owner)))
                << static_cast<unsigned>(owner);
    }

    std::vector<Owner> owners_ = std::vector<Owner>(kCount, Owner::Mixed);
    PieceMap map_;
};

TEST_F(PieceMapTest, NobodysAtFirst) {
    EXPECT_EQ(map_.count(), kCount);
    for (std::uint64_t n = 0; n < kCount; n++)
        EXPECT_EQ(map_.at(n * kSize), Owner::Mixed);
    EXPECT_EQ(map_.find(Owner::Dirty).error(), Errc::NotFound);
    EXPECT_EQ(map_.find(Owner::Free).error(), Errc::NotFound);
    EXPECT_EQ(PieceMap().at(0), Owner::Mixed);
}

// Only what lies wholly in RAM is a piece of it.
TEST_F(PieceMapTest, WholePiecesOfRam) {
    map_.add_console({Gpa(kSize + 1), 3 * kSize - 1}); // 2 and 3
    map_.add_console({Gpa(5 * kSize), kSize});
    map_.add_console({Gpa(6 * kSize), kSize - 1});
    map_.add_console({Gpa(8 * kSize + 4096), kSize}); // across a border
    for (std::uint64_t n = 0; n < kCount; n++)
        EXPECT_EQ(map_.at(n * kSize), n == 2 || n == 3 || n == 5 ? Owner::Console : Owner::Mixed) << n;
    expect_sound();
}

TEST_F(PieceMapTest, EveryByteOfAPiece) {
    map_.add_console({Gpa(2 * kSize), kSize});
    EXPECT_EQ(map_.at(2 * kSize), Owner::Console);
    EXPECT_EQ(map_.at(2 * kSize - 1), Owner::Mixed);
    EXPECT_EQ(map_.at(3 * kSize - 1), Owner::Console);
    EXPECT_EQ(map_.at(3 * kSize), Owner::Mixed);
}

// RAM beyond the map is nobody's, as is every address that no memory has.
TEST_F(PieceMapTest, EndsWhereTheMapDoes) {
    map_.add_console({Gpa((kCount - 1) * kSize), 4 * kSize});
    EXPECT_EQ(map_.at((kCount - 1) * kSize), Owner::Console);
    EXPECT_EQ(map_.pieces(Owner::Console), 1u);
    for (std::uint64_t address : {kCount * kSize, (kCount + 1) * kSize, std::uint64_t{1} << 52, ~std::uint64_t{0}})
        EXPECT_EQ(map_.at(address), Owner::Mixed) << std::hex << address;
}

TEST_F(PieceMapTest, FindsTheLowest) {
    map_.add_console({Gpa(0), kCount * kSize});
    for (std::uint64_t n : {9, 4, 12})
        give(n);
    EXPECT_EQ(*map_.find(Owner::Dirty), piece(4));
    EXPECT_EQ(*map_.find(Owner::Dirty), piece(4)); // looking changes nothing
    map_.move(piece(4), Owner::Dirty, Owner::Free);
    EXPECT_EQ(*map_.find(Owner::Dirty), piece(9));
    EXPECT_EQ(*map_.find(Owner::Free), piece(4));
    give(1);
    EXPECT_EQ(*map_.find(Owner::Dirty), piece(1)); // below where the last search began
    expect_sound();
}

// Any way through the owners: the counters are right, and what is found is what was asked for.
TEST_F(PieceMapTest, Storm) {
    map_.add_console({Gpa(0), kCount * kSize});
    std::mt19937 random(3);
    for (unsigned i = 0; i < 20000; i++) {
        const std::uint64_t n = random() % kCount;
        const auto to = static_cast<Owner>(1 + random() % 5);
        map_.move(piece(n), map_.at(n * kSize), to);
        for (Owner owner : {Owner::Dirty, Owner::Free}) {
            const auto found = map_.find(owner);
            ASSERT_EQ(static_cast<bool>(found), map_.pieces(owner) != 0);
            ASSERT_TRUE(!found || map_.at(found->raw()) == owner);
        }
    }
    expect_sound();
}

using PieceMapDeathTest = PieceMapTest;

TEST_F(PieceMapDeathTest, MovesOnlyWhatIsThere) {
    map_.add_console({Gpa(0), 2 * kSize});
    EXPECT_DEATH(map_.move(piece(0), Owner::Dirty, Owner::Free), "panic");
    EXPECT_DEATH(map_.move(piece(2), Owner::Console, Owner::Dirty), "panic");
    EXPECT_DEATH(map_.move(Hpa(4096), Owner::Console, Owner::Dirty), "panic");
    EXPECT_DEATH(map_.move(piece(kCount), Owner::Mixed, Owner::Dirty), "panic");
    EXPECT_DEATH((void)map_.find(Owner::Console), "panic");
}

} // namespace
} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/frame_pool.hpp"

#include "tests/unit/fakes/physical_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

namespace vmm::test {
namespace {

class FramePoolTest : public testing::Test {
  protected:
    static constexpr std::uint64_t kFirst = 0x200000, kPages = 64;
    FramePoolTest() {
        memory_.add(kFirst, kPages * kPageSize); // nothing around it can be touched
        std::ranges::fill(memory_.bytes(kFirst, kPages * kPageSize), std::byte{0xaa});
        pool_.use({Hpa(kFirst), kPages * kPageSize});
    }
    PhysicalMemory memory_;
    FramePool pool_;
};

TEST_F(FramePoolTest, ZeroedFramesInOrder) {
    EXPECT_EQ(pool_.next(), Hpa(kFirst));
    const auto first = pool_.allocate(), second = pool_.allocate(3), third = pool_.allocate();
    ASSERT_TRUE(first && second && third);
    EXPECT_EQ(*first, Hpa(kFirst));
    EXPECT_EQ(*second, Hpa(kFirst + kPageSize));
    EXPECT_EQ(*third, Hpa(kFirst + 4 * kPageSize));
    EXPECT_EQ(pool_.next(), Hpa(kFirst + 5 * kPageSize));
    EXPECT_TRUE(std::ranges::all_of(memory_.bytes(kFirst, 5 * kPageSize), [](auto b) { return b == std::byte{0}; }));
    EXPECT_EQ(memory_.at<std::uint8_t>(kFirst + 5 * kPageSize), 0xaa);
}

TEST_F(FramePoolTest, Exhausted) {
    for (unsigned i = 0; i < kPages - 1; i++)
        ASSERT_TRUE(pool_.allocate());
    EXPECT_EQ(pool_.allocate(2).error(), Errc::NoMemory); // more than is left; what is left stays
    EXPECT_TRUE(pool_.allocate());
    EXPECT_EQ(pool_.allocate().error(), Errc::NoMemory);
    EXPECT_EQ(pool_.allocate(1u << 20).error(), Errc::NoMemory);
}

TEST_F(FramePoolTest, Unused) {
    FramePool pool;
    EXPECT_EQ(pool.allocate().error(), Errc::NoMemory);
}

TEST_F(FramePoolTest, TablesAreWhereTheFrameIs) {
    const auto frame = pool_.allocate();
    pool_.table(*frame)[511] = 0x1234;
    EXPECT_EQ(memory_.at<std::uint64_t>(kFirst + 511 * 8), 0x1234u);
}

TEST_F(FramePoolTest, ReleasedFramesComeAgain) {
    const Hpa first = *pool_.allocate(), second = *pool_.allocate();
    EXPECT_EQ(pool_.available(), kPages - 2);
    EXPECT_EQ(pool_.used(), 2u);
    std::ranges::fill(memory_.bytes(first.raw(), 2 * kPageSize), std::byte{0xbb});
    pool_.release(first);
    pool_.release(second);
    EXPECT_EQ(pool_.available(), kPages);
    EXPECT_EQ(pool_.used(), 0u);
    const std::set<std::uint64_t> again{pool_.allocate()->raw(), pool_.allocate()->raw()};
    EXPECT_EQ(again, (std::set{first.raw(), second.raw()}));
    EXPECT_TRUE(std::ranges::all_of(memory_.bytes(kFirst, 2 * kPageSize), [](auto b) { return b == std::byte{0}; }));
    EXPECT_EQ(pool_.next(), Hpa(kFirst + 2 * kPageSize)); // the arena is as it was
    EXPECT_EQ(pool_.used(), 2u);
}

// Frames that came back one by one are no run.
TEST_F(FramePoolTest, RunsComeFromTheArenaOnly) {
    std::vector<Hpa> frames;
    while (const auto frame = pool_.allocate())
        frames.push_back(*frame);
    for (Hpa frame : frames)
        pool_.release(frame);
    EXPECT_EQ(pool_.available(), kPages);
    EXPECT_EQ(pool_.allocate(2).error(), Errc::NoMemory);
    EXPECT_TRUE(pool_.allocate());
}

class FramePiecesTest : public FramePoolTest {
  protected:
    static constexpr std::uint64_t kPieceFrames = PieceMap::kSize / kPageSize;
    FramePiecesTest() {
        memory_.add(kPiece, 2 * PieceMap::kSize);
        pieces_.use(owners_);
        pieces_.add_console({Gpa(kPiece), 2 * PieceMap::kSize});
    }
    void add(unsigned n) {
        const Hpa piece(kPiece + n * PieceMap::kSize);
        pieces_.move(piece, Owner::Console, Owner::Frames);
        pool_.add(piece);
    }
    unsigned piece_of(Hpa frame) { return static_cast<unsigned>((frame.raw() - kPiece) / PieceMap::kSize); }

    static constexpr std::uint64_t kPiece = 0x800000;
    std::vector<Owner> owners_ = std::vector<Owner>(16, Owner::Mixed);
    PieceMap pieces_;
};

TEST_F(FramePiecesTest, APieceIsSoManyFrames) {
    add(0);
    EXPECT_EQ(pool_.available(), kPages + kPieceFrames);
    EXPECT_EQ(pool_.used(), 0u);
    std::set<std::uint64_t> all;
    for (unsigned i = 0; i < kPages + kPieceFrames; i++)
        all.insert(pool_.allocate()->raw());
    EXPECT_EQ(all.size(), kPages + kPieceFrames);
    EXPECT_EQ(pool_.allocate().error(), Errc::NoMemory);
    EXPECT_EQ(pool_.available(), 0u);
    EXPECT_EQ(pool_.used(), kPages + kPieceFrames);
}

TEST_F(FramePiecesTest, UnusedPiecesComeOut) {
    EXPECT_EQ(pool_.remove_unused(pieces_).error(), Errc::NotFound);
    add(0);
    add(1);
    const Hpa frame = *pool_.allocate();
    const unsigned in_use = piece_of(frame), unused = 1 - in_use;
    EXPECT_EQ(pool_.remove_unused(pieces_)->raw(), kPiece + unused * PieceMap::kSize);
    EXPECT_EQ(pool_.available(), kPages + kPieceFrames - 1);
    pieces_.move(Hpa(kPiece + unused * PieceMap::kSize), Owner::Frames, Owner::Dirty);
    EXPECT_EQ(pool_.remove_unused(pieces_).error(), Errc::NotFound);
    // None of what is handed out from now on lies in the piece that is gone.
    for (unsigned i = 0; i < kPages + kPieceFrames - 1; i++) {
        const auto other = pool_.allocate();
        ASSERT_TRUE(other);
        ASSERT_FALSE(other->raw() >= kPiece && piece_of(*other) == unused);
        ASSERT_NE(*other, frame);
    }
    EXPECT_FALSE(pool_.allocate());
}

// Frames of the arena are the pool's for ever, unused or not.
TEST_F(FramePiecesTest, TheArenaStays) {
    add(0);
    std::vector<Hpa> frames;
    while (const auto frame = pool_.allocate())
        frames.push_back(*frame);
    for (Hpa frame : frames)
        pool_.release(frame);
    EXPECT_EQ(pool_.remove_unused(pieces_)->raw(), kPiece);
    EXPECT_EQ(pool_.available(), kPages);
    EXPECT_EQ(pool_.remove_unused(pieces_).error(), Errc::NotFound);
    for (unsigned i = 0; i < kPages; i++)
        EXPECT_LT(pool_.allocate()->raw(), kPiece);
}

TEST_F(FramePoolTest, NoFrameTwice) {
    std::vector<std::vector<std::uint64_t>> got(4);
    std::vector<std::thread> threads;
    for (auto &mine : got)
        threads.emplace_back([&] {
            while (const auto frame = pool_.allocate())
                mine.push_back(frame->raw());
        });
    for (std::thread &thread : threads)
        thread.join();
    std::set<std::uint64_t> all;
    for (const auto &mine : got)
        all.insert(mine.begin(), mine.end());
    EXPECT_EQ(all.size(), kPages);
}

} // namespace
} // namespace vmm::test

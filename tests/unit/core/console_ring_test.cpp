// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/console_ring.hpp"

#include "tests/unit/fakes/physical_memory.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace vmm::test {
namespace {

class ConsoleRingTest : public testing::Test {
  protected:
    static constexpr std::uint64_t kFirst = 0x200000, kFrames = 5;
    ConsoleRingTest() {
        memory_.add(kFirst, kFrames * kPageSize);
        frames_.use({Hpa(kFirst), kFrames * kPageSize});
    }
    // The n-th byte that the VM writes.
    static std::uint8_t byte(std::uint64_t n) { return static_cast<std::uint8_t>(n * 7 + n / 251); }
    void put(std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; i++)
            ring_.put(byte(ring_.head()));
    }
    // What is read is what was written at that position.
    unsigned read(std::uint64_t &position, unsigned most = 100) {
        std::vector<std::uint8_t> to(most, 0xee);
        const unsigned bytes = ring_.read(position, to);
        for (unsigned i = 0; i < most; i++)
            EXPECT_EQ(to[i], i < bytes ? byte(position + i) : 0xee) << i;
        return bytes;
    }

    PhysicalMemory memory_;
    FramePool frames_;
    ConsoleRing ring_;
};

TEST_F(ConsoleRingTest, NewestBytes) {
    ASSERT_TRUE(ring_.build(frames_, 2));
    EXPECT_EQ(ring_.size(), 2 * kPageSize);
    std::uint64_t position = 0;
    EXPECT_EQ(read(position), 0u);
    put(30);
    EXPECT_EQ(ring_.head(), 30u);
    EXPECT_EQ(read(position), 30u);
    EXPECT_EQ(position, 0u);
    position = 25;
    EXPECT_EQ(read(position), 5u);
    EXPECT_EQ(read(position, 3), 3u);
    position = 30;
    EXPECT_EQ(read(position), 0u);
    EXPECT_EQ(position, 30u);
}

TEST_F(ConsoleRingTest, OldBytesAreLost) {
    ASSERT_TRUE(ring_.build(frames_, 2));
    put(2 * kPageSize);
    std::uint64_t position = 0;
    EXPECT_EQ(read(position), 100u);
    EXPECT_EQ(position, 0u); // the very first is still there
    put(1);
    EXPECT_EQ(read(position), 100u);
    EXPECT_EQ(position, 1u);
    put(5 * kPageSize + 17);
    position = 3;
    EXPECT_EQ(read(position, 2 * kPageSize), 2 * kPageSize);
    EXPECT_EQ(position, 5 * kPageSize + 18);
}

// A reader of another life, or one that lies.
TEST_F(ConsoleRingTest, PositionsBeyondTheEnd) {
    ASSERT_TRUE(ring_.build(frames_, 1));
    put(10);
    for (std::uint64_t beyond : {std::uint64_t{11}, ~std::uint64_t{0}}) {
        EXPECT_EQ(read(beyond), 0u);
        EXPECT_EQ(beyond, 10u);
    }
}

TEST_F(ConsoleRingTest, FramesComeBack) {
    ASSERT_TRUE(ring_.build(frames_, 4));
    EXPECT_EQ(frames_.used(), 5u); // and one that lists them
    ring_.release(frames_);
    EXPECT_EQ(frames_.used(), 0u);
    EXPECT_EQ(frames_.available(), kFrames);
    ring_.release(frames_); // nothing more
    EXPECT_EQ(frames_.available(), kFrames);
}

TEST_F(ConsoleRingTest, WhatFailsGivesBack) {
    EXPECT_EQ(ring_.build(frames_, 5).error(), Errc::NoMemory);
    ring_.release(frames_);
    EXPECT_EQ(frames_.used(), 0u);
    while (frames_.allocate())
        ;
    EXPECT_EQ(ring_.build(frames_, 1).error(), Errc::NoMemory);
    ring_.release(frames_);
    EXPECT_EQ(frames_.used(), kFrames);
}

using ConsoleRingDeathTest = ConsoleRingTest;

TEST_F(ConsoleRingDeathTest, ListsNoMoreThanAPage) {
    EXPECT_DEATH((void)ring_.build(frames_, ConsoleRing::kMostPages + 1), "panic");
}

} // namespace
} // namespace vmm::test

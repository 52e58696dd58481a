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

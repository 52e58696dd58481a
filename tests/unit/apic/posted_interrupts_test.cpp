// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/posted_interrupts.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace vmm {
namespace {

TEST(PostedInterrupts, OnlyTheFirstPosterWakes) {
    PostedInterrupts inbox;
    EXPECT_FALSE(inbox.any());
    EXPECT_TRUE(inbox.post(0x31));
    EXPECT_FALSE(inbox.post(0xff));
    EXPECT_TRUE(inbox.any());
    const VectorSet taken = inbox.take();
    EXPECT_TRUE(taken.test(0x31));
    EXPECT_TRUE(taken.test(0xff));
    EXPECT_FALSE(inbox.any());
    EXPECT_EQ(inbox.take(), VectorSet());
    EXPECT_TRUE(inbox.post(0x31));
}

// Two posters each wait for their vector to be taken before they post it again. A lost one would hang them, so they
// give up after a time that no scheduler takes.
TEST(PostedInterrupts, NothingIsLostBetweenThreads) {
    using Clock = std::chrono::steady_clock;
    constexpr int kRounds = 20000;
    const auto limit = Clock::now() + std::chrono::seconds(60);
    PostedInterrupts inbox;
    std::array<std::atomic<int>, 2> taken{};
    std::atomic<int> wakes{0};
    std::atomic<bool> is_over{false};
    std::vector<std::thread> posters;
    for (unsigned poster = 0; poster < 2; poster++)
        posters.emplace_back([&, poster] {
            for (int round = 0; round < kRounds && !is_over; round++) {
                wakes += inbox.post(static_cast<std::uint8_t>(0x40 + 0x41 * poster));
                while (taken[poster] != round + 1 && !is_over) {
                    std::this_thread::yield();
                    if (Clock::now() > limit) {
                        ADD_FAILURE() << "vector of poster " << poster << " lost in round " << round;
                        is_over = true;
                    }
                }
            }
        });
    int seen_wakes = 0;
    while (!is_over && (taken[0] < kRounds || taken[1] < kRounds)) {
        if (wakes == seen_wakes) { // the owner sleeps until it is woken
            std::this_thread::yield();
            continue;
        }
        seen_wakes = wakes;
        const VectorSet vectors = inbox.take();
        taken[0] += vectors.test(0x40);
        taken[1] += vectors.test(0x81);
    }
    for (std::thread &poster : posters)
        poster.join();
    EXPECT_EQ(taken[0], kRounds);
    EXPECT_EQ(taken[1], kRounds);
}

} // namespace
} // namespace vmm

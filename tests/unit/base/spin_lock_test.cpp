// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/base/spin_lock.hpp"

#include <concepts>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace vmm {
namespace {

using Counter = Locked<std::uint64_t, LockRank::Log>;
static_assert(!std::copyable<Counter::Guard> && !std::movable<Counter::Guard>);
// Ranks rise in the order in which the product nests: VMs, memory, its tables and their frames; devices, whose
// interrupts wake worlds; last the log, which everybody writes to. Hosted tests watch it: tests/unit/fakes/instead.
static_assert(LockRank::Vms < LockRank::Memory && LockRank::Memory < LockRank::NestedTables &&
              LockRank::NestedTables < LockRank::Frames && LockRank::Frames < LockRank::Board &&
              LockRank::Board < LockRank::IoApic && LockRank::IoApic < LockRank::Scheduler &&
              LockRank::Scheduler < LockRank::Log);

TEST(SpinLock, GuardReachesTheData) {
    Counter counter;
    EXPECT_EQ(*counter.lock(), 0u);
    *counter.lock() = 5;
    EXPECT_EQ(counter.unguarded(), 5u);
}

// Few rounds, as a ticket lock among more threads than CPUs waits for the scheduler at every turn.
TEST(SpinLock, OneAtATime) {
    constexpr unsigned kThreads = 2, kRounds = 100;
    Counter counter;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kThreads; i++)
        threads.emplace_back([&] {
            for (unsigned round = 0; round < kRounds; round++) {
                auto guard = counter.lock();
                const std::uint64_t seen = *guard;
                std::this_thread::yield(); // lets the other try inside the critical section
                *guard = seen + 1;
            }
        });
    for (std::thread &thread : threads)
        thread.join();
    EXPECT_EQ(counter.unguarded(), kThreads * kRounds);
}

TEST(SpinLock, IsFreeAgainAfterEveryGuard) {
    Counter counter;
    for (unsigned i = 0; i < 1000; i++)
        ++*counter.lock();
    EXPECT_EQ(counter.unguarded(), 1000u);
}

} // namespace
} // namespace vmm

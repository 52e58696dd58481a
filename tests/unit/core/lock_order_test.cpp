// SPDX-License-Identifier: GPL-2.0-only
// That the hosted tests' lock finds what it is there to find.
#include "vmm/base/spin_lock.hpp"

#include <gtest/gtest.h>

namespace vmm {
namespace {

TEST(LockOrder, Rising) {
    Locked<int, LockRank::Vms> vms;
    Locked<int, LockRank::Frames> frames;
    for (unsigned i = 0; i < 2; i++) {
        auto outer = vms.lock();
        auto inner = frames.lock();
        *outer += *inner = 1;
    }
    auto again = frames.lock(); // both are free
    EXPECT_EQ(vms.unguarded(), 2);
}

TEST(LockOrderDeathTest, Falling) {
    Locked<int, LockRank::Vms> vms;
    Locked<int, LockRank::Frames> frames, others;
    EXPECT_DEATH(
        {
            auto outer = frames.lock();
            auto inner = vms.lock();
        },
        "a lock is taken that may wait for itself");
    EXPECT_DEATH(
        {
            auto outer = frames.lock();
            auto inner = others.lock();
        },
        "a lock is taken that may wait for itself");
}

} // namespace
} // namespace vmm

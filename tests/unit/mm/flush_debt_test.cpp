// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/mm/radix_table.hpp"

#include <concepts>
#include <gtest/gtest.h>

namespace vmm {
namespace {

static_assert(!std::copyable<FlushDebt> && !std::assignable_from<FlushDebt &, FlushDebt>);

TEST(FlushDebt, SettlesOnce) {
    FlushDebt debt(true);
    EXPECT_TRUE(debt.settle());
    EXPECT_FALSE(debt.settle());
}

TEST(FlushDebt, NothingOwedMayBeDropped) {
    FlushDebt debt(false);
    EXPECT_FALSE(debt.settle());
}

TEST(FlushDebt, MovesWithoutCopies) {
    FlushDebt first(true);
    FlushDebt second(std::move(first));
    EXPECT_FALSE(first.settle()); // NOLINT(bugprone-use-after-move): what a moved-from debt owes is the question
    EXPECT_TRUE(second.settle());
}

TEST(FlushDebt, Adds) {
    FlushDebt sum(false);
    sum.add(FlushDebt(false));
    EXPECT_FALSE(sum.settle());
    sum.add(FlushDebt(true));
    sum.add(FlushDebt(false)); // does not cancel what is owed
    EXPECT_TRUE(sum.settle());
}

TEST(FlushDebtDeathTest, DroppedWhileOwed) {
    EXPECT_DEATH(static_cast<void>(FlushDebt(true)), "panic: !owed_");
    EXPECT_DEATH(
        {
            FlushDebt debt(false);
            debt.add(FlushDebt(true));
        },
        "panic: !owed_");
}

} // namespace
} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/sched/virtual_time.hpp"

#include <gtest/gtest.h>

namespace vmm {
namespace {

TEST(Scale, IsADivision) {
    for (std::uint32_t weight : {1u, 7u, 100u, 999u, 1000u, 1001u, 3333u, 100000u})
        for (std::uint64_t ticks : {0ull, 1000ull, 5'000'000ull, 15'000'000ull, 1ull << 33}) {
            const double exact = static_cast<double>(ticks) * 1000 / weight;
            EXPECT_NEAR(static_cast<double>(Scale::by_weight(weight)(ticks)), exact, 1 + exact * 1e-4);
            const double inverse = static_cast<double>(ticks) * weight / 1000;
            EXPECT_NEAR(static_cast<double>(Scale::by_permille(weight)(ticks)), inverse, 1 + inverse * 1e-3);
        }
}

TEST(Scale, DoesNotOverflow) {
    EXPECT_EQ(Scale::by_weight(1)(~0ull), Scale::by_weight(1)(1ull << 33));
    EXPECT_GT(Scale::by_weight(1)(~0ull), 1ull << 42);
    EXPECT_GT(Scale::by_permille(256000)(~0ull), 1ull << 40);
}

TEST(VirtualTime, IsComparedAroundTheWrap) {
    const VirtualTime before(~0ull - 5), after = before + 10;
    EXPECT_LT(before, after);
    EXPECT_GT(after, before);
    EXPECT_EQ(after - before, 10);
    EXPECT_EQ(before - after, -10);
    EXPECT_EQ(std::max(before, after), after);
}

TEST(RateTag, RunsAheadOfTimeByTheRate) {
    RateTag tag;
    EXPECT_FALSE(tag.is_on());
    tag.charge(1000);
    EXPECT_TRUE(tag.is_due(0));
    tag.set_rate(250, 5000);
    EXPECT_TRUE(tag.is_on());
    EXPECT_TRUE(tag.is_due(5000));
    tag.charge(1000);
    EXPECT_FALSE(tag.is_due(8999));
    EXPECT_TRUE(tag.is_due(9000));
    EXPECT_EQ(tag.service_until(9400), 100u);
    EXPECT_EQ(tag.service_until(8000), 0u);
    tag.refund(500);
    EXPECT_EQ(tag.time(), 7000u);
    tag.not_before(8000);
    tag.not_after(7500);
    EXPECT_EQ(tag.time(), 7500u);
    tag.set_rate(500, 100000);
    EXPECT_EQ(tag.time(), 7500u) << "a new rate is no new beginning";
    tag.set_rate(0, 100000);
    EXPECT_FALSE(tag.is_on());
}

} // namespace
} // namespace vmm

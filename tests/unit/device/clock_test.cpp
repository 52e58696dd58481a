// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/device/clock.hpp"

#include <gtest/gtest.h>
#include <random>

namespace vmm::device {
namespace {

__extension__ using Wide = unsigned __int128;

template <class T> class ClockTest : public testing::Test {};
template <std::uint64_t Hz> struct Rate { static constexpr std::uint64_t hz = Hz; };
using Rates = testing::Types<Rate<32768>, Rate<1193182>, Rate<3579545>, Rate<999999999>, Rate<1>>;
TYPED_TEST_SUITE(ClockTest, Rates);

TYPED_TEST(ClockTest, TicksAreExact) {
    using C = Clock<TypeParam::hz>;
    std::mt19937_64 random(1);
    for (int n = 0; n < 20000; n++) {
        const std::uint64_t ns = random() >> (1 + random() % 62);
        ASSERT_EQ(C::ticks(ns), static_cast<std::uint64_t>(Wide{ns} * TypeParam::hz / C::kSecond)) << ns;
    }
}

TYPED_TEST(ClockTest, TimeIsTheFirstNanosecondOfATick) {
    using C = Clock<TypeParam::hz>;
    std::mt19937_64 random(2);
    for (int n = 0; n < 20000; n++) {
        const std::uint64_t tick = C::ticks(random() >> (1 + random() % 62)) + 1;
        const std::uint64_t ns = C::time(tick);
        ASSERT_EQ(C::ticks(ns), tick);
        ASSERT_EQ(C::ticks(ns - 1), tick - 1);
    }
    EXPECT_EQ(C::time(0), 0u);
}

} // namespace
} // namespace vmm::device

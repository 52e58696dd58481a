// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/apic_timer.hpp"

#include <gtest/gtest.h>
#include <random>

namespace vmm {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint32_t kDivide1 = 0xb;
constexpr std::uint32_t kDivide2 = 0x0;
constexpr std::uint32_t kDivide16 = 0x3;

struct Clocks {
    std::uint32_t tsc_khz;
    std::uint32_t timer_khz;
};
constexpr Clocks kClocks[] = {{2000000, 100000}, {2999999, 24000}, {3600123, 38400},   {1000000, 1000000},
                              {2445405, 99998},  {62501, 1000000}, {4294967295, 65600}};

// First TSC tick at or after `count` counts, in exact arithmetic.
Wide exact_ticks(Clocks clocks, std::uint64_t count, unsigned shift) {
    const Wide product = (Wide{count} << shift) * clocks.tsc_khz;
    return (product + clocks.timer_khz - 1) / clocks.timer_khz;
}

ApicTimer make_timer(Clocks clocks = {2000000, 100000}) { // 20 ticks per clock
    ApicTimer timer;
    EXPECT_TRUE(timer.configure(clocks.tsc_khz, clocks.timer_khz));
    return timer;
}

// SDM volume 3, figure "Divide Configuration Register".
TEST(ApicTimer, DivideEncoding) {
    constexpr unsigned table[][2] = {{0b0000, 2},  {0b0001, 4},  {0b0010, 8},   {0b0011, 16},
                                     {0b1000, 32}, {0b1001, 64}, {0b1010, 128}, {0b1011, 1}};
    for (const auto &row : table)
        EXPECT_EQ(1u << divide_shift(row[0]), row[1]);
}

TEST(ApicTimer, RefusesImpossibleClocks) {
    ApicTimer timer;
    EXPECT_EQ(timer.configure(1000, 0).error(), Errc::Invalid);
    EXPECT_EQ(timer.configure(0, 1000).error(), Errc::Invalid);
    EXPECT_EQ(timer.configure(1000, 16001).error(), Errc::Invalid);
    EXPECT_EQ(timer.configure(4000000000, 60000).error(), Errc::Invalid);
    EXPECT_TRUE(timer.configure(1000, 16000));
    EXPECT_TRUE(timer.configure(65534, 1));
}

TEST(ApicTimer, OneShotFiresOnceAndShowsZero) {
    ApicTimer timer = make_timer();
    EXPECT_EQ(timer.deadline(), ApicTimer::kNever);
    timer.set_divide(kDivide1, 0);
    timer.set_initial_count(100, 5000);
    EXPECT_EQ(timer.deadline(), 7000u);
    EXPECT_EQ(timer.current_count(5000), 100u);
    EXPECT_EQ(timer.current_count(5001), 100u);
    EXPECT_EQ(timer.current_count(5020), 99u);
    EXPECT_EQ(timer.current_count(6999), 1u);
    EXPECT_FALSE(timer.expire(6999));
    EXPECT_EQ(timer.current_count(7000), 0u);
    EXPECT_TRUE(timer.expire(7000));
    EXPECT_FALSE(timer.expire(7000));
    EXPECT_EQ(timer.deadline(), ApicTimer::kNever);
    EXPECT_EQ(timer.initial_count(), 100u);
}

TEST(ApicTimer, ZeroStops) {
    ApicTimer timer = make_timer();
    timer.set_initial_count(100, 0);
    timer.set_initial_count(0, 10);
    EXPECT_EQ(timer.deadline(), ApicTimer::kNever);
    EXPECT_EQ(timer.current_count(10), 0u);
    EXPECT_FALSE(timer.expire(~0ull - 1));
}

TEST(ApicTimer, NeverEarlyAtMostOneTickLate) {
    std::mt19937_64 random(2);
    for (Clocks clocks : kClocks)
        for (int round = 0; round < 3000; round++) {
            ApicTimer timer = make_timer(clocks);
            const auto tdcr = static_cast<std::uint32_t>(random() & 0xb);
            const auto count = static_cast<std::uint32_t>(random() >> 32 >> random() % 32) | 1;
            const std::uint64_t now = random() >> 4;
            timer.set_divide(tdcr, now);
            timer.set_initial_count(count, now);
            const auto exact = static_cast<std::uint64_t>(exact_ticks(clocks, count, divide_shift(tdcr)));
            ASSERT_GE(timer.deadline(), now + exact);
            ASSERT_LE(timer.deadline(), now + exact + 1);
            ASSERT_FALSE(timer.expire(timer.deadline() - 1));
            ASSERT_TRUE(timer.expire(timer.deadline()));
        }
}

// A hair above a whole tick, less than the last bit of the ratio times the count.
TEST(ApicTimer, RoundingOfTheRatioIsNeverEarly) {
    const Clocks clocks{2147483648, 2147483647};
    ApicTimer timer = make_timer(clocks);
    timer.set_divide(kDivide1, 0);
    timer.set_initial_count(2147483648, 0);
    EXPECT_EQ(static_cast<std::uint64_t>(exact_ticks(clocks, 2147483648, 0)), 2147483650u);
    EXPECT_GE(timer.deadline(), 2147483650u);
}

TEST(ApicTimer, CurrentCountAgainstExactArithmetic) {
    std::mt19937_64 random(3);
    for (Clocks clocks : kClocks)
        for (int round = 0; round < 3000; round++) {
            ApicTimer timer = make_timer(clocks);
            const auto tdcr = static_cast<std::uint32_t>(random() & 0xb);
            const auto count = static_cast<std::uint32_t>(random() >> 32 >> random() % 32) | 1;
            timer.set_divide(tdcr, 0);
            timer.set_initial_count(count, 0);
            const std::uint64_t elapsed = random() % timer.deadline();
            const auto passed =
                static_cast<std::uint64_t>((Wide{elapsed} * clocks.timer_khz / clocks.tsc_khz) >> divide_shift(tdcr));
            const std::uint64_t expected = count - std::min<std::uint64_t>(passed, count - 1);
            const std::uint32_t shown = timer.current_count(elapsed);
            // The rounding of the deadline shows at the border of a count; where ticks are coarser than clocks, by
            // what fits into a tick.
            ASSERT_GE(shown + 1ull, expected);
            ASSERT_LE(shown, expected + 1 + (clocks.timer_khz / clocks.tsc_khz >> divide_shift(tdcr)));
            ASSERT_LE(shown, count);
            ASSERT_GE(shown, 1u);
        }
}

TEST(ApicTimer, CountNeverRises) {
    for (Clocks clocks : kClocks) {
        ApicTimer timer = make_timer(clocks);
        timer.set_divide(kDivide16, 0);
        timer.set_initial_count(50, 0);
        std::uint32_t last = 50;
        const std::uint64_t step = timer.deadline() / 100000 + 1;
        for (std::uint64_t now = 0; now < timer.deadline(); now += step) {
            const std::uint32_t shown = timer.current_count(now);
            ASSERT_LE(shown, last);
            last = shown;
        }
        EXPECT_EQ(timer.current_count(timer.deadline() - 1), 1u);
    }
}

TEST(ApicTimer, PeriodicDoesNotDrift) {
    for (Clocks clocks : kClocks) {
        ApicTimer timer = make_timer(clocks);
        timer.set_divide(kDivide1, 0);
        timer.set_mode(TimerMode::Periodic, 0);
        constexpr std::uint32_t count = 99991;
        timer.set_initial_count(count, 1000);
        for (std::uint64_t n = 1; n <= 20000; n++) {
            const auto exact = static_cast<std::uint64_t>(exact_ticks(clocks, n * count, 0));
            ASSERT_GE(timer.deadline(), 1000 + exact) << n;
            ASSERT_LE(timer.deadline(), 1000 + exact + 1) << n;
            const std::uint64_t lateness = n * 7 % 5000; // handled late, next one still in phase
            ASSERT_TRUE(timer.expire(timer.deadline() + lateness));
        }
    }
}

TEST(ApicTimer, MissedPeriodsCountOnceAndKeepThePhase) {
    ApicTimer timer = make_timer();
    timer.set_divide(kDivide1, 0);
    timer.set_mode(TimerMode::Periodic, 0);
    timer.set_initial_count(10, 0); // every 200 ticks
    EXPECT_TRUE(timer.expire(1000 * 200 + 150));
    EXPECT_EQ(timer.deadline(), 1001u * 200);
    EXPECT_FALSE(timer.expire(1001 * 200 - 1));
    EXPECT_TRUE(timer.expire(1001 * 200));
    EXPECT_TRUE(timer.expire(1003 * 200)); // exactly on a later one: that one is included
    EXPECT_EQ(timer.deadline(), 1004u * 200);
    EXPECT_TRUE(timer.expire(1ull << 60));
    EXPECT_EQ(timer.deadline() % 200, 0u);
    EXPECT_LE(timer.deadline() - (1ull << 60), 200u);
}

TEST(ApicTimer, PeriodicCountGoesOnWhileNobodyLooks) {
    ApicTimer timer = make_timer();
    timer.set_divide(kDivide1, 0);
    timer.set_mode(TimerMode::Periodic, 0);
    timer.set_initial_count(10, 0);
    EXPECT_EQ(timer.current_count(5 * 200 + 20), 9u);
    EXPECT_EQ(timer.current_count(5 * 200), 10u);
    EXPECT_EQ(timer.deadline(), 200u); // not consumed
}

TEST(ApicTimer, ShortestPeriodStaysFinite) {
    ApicTimer timer = make_timer({62501, 1000000}); // a clock is a sixteenth of a tick
    timer.set_divide(kDivide1, 0);
    timer.set_mode(TimerMode::Periodic, 0);
    timer.set_initial_count(1, 0);
    EXPECT_TRUE(timer.expire(1ull << 50));
    EXPECT_EQ(timer.deadline(), (1ull << 50) + 1);
}

TEST(ApicTimer, DivideChangesWhileRunning) {
    ApicTimer timer = make_timer();
    timer.set_divide(kDivide1, 0);
    timer.set_mode(TimerMode::Periodic, 0);
    timer.set_initial_count(100, 0);
    timer.set_divide(kDivide2, 1000); // 50 counts left
    EXPECT_EQ(timer.current_count(1000), 50u);
    EXPECT_EQ(timer.deadline(), 1000u + 50 * 40);
    EXPECT_TRUE(timer.expire(3000));
    EXPECT_EQ(timer.deadline(), 3000u + 100 * 40);
    timer.set_divide(kDivide2, 3007); // the same divisor does not disturb the phase
    EXPECT_EQ(timer.deadline(), 3000u + 100 * 40);
}

TEST(ApicTimer, DivideChangeWhileStoppedStartsNothing) {
    ApicTimer timer = make_timer();
    timer.set_divide(kDivide16, 0);
    EXPECT_EQ(timer.deadline(), ApicTimer::kNever);
    timer.set_initial_count(5, 0);
    EXPECT_TRUE(timer.expire(timer.deadline()));
    timer.set_divide(kDivide1, 100000);
    EXPECT_EQ(timer.deadline(), ApicTimer::kNever);
}

TEST(ApicTimer, OneShotAndPeriodicShareTheRunningCount) {
    ApicTimer timer = make_timer();
    timer.set_divide(kDivide1, 0);
    timer.set_initial_count(100, 0);
    timer.set_mode(TimerMode::Periodic, 500);
    EXPECT_EQ(timer.deadline(), 2000u);
    EXPECT_TRUE(timer.expire(2000));
    EXPECT_EQ(timer.deadline(), 4000u);
    timer.set_mode(TimerMode::OneShot, 2100);
    EXPECT_EQ(timer.deadline(), 4000u);
    EXPECT_TRUE(timer.expire(4000));
    timer.set_mode(TimerMode::Periodic, 4100); // a mode change does not start a stopped timer
    EXPECT_EQ(timer.deadline(), ApicTimer::kNever);
    timer.set_mode(TimerMode::OneShot, 4100);
    timer.set_initial_count(100, 5000);
    timer.set_mode(TimerMode::Periodic, 8000); // it ran out in the old mode
    EXPECT_EQ(timer.deadline(), ApicTimer::kNever);
}

TEST(ApicTimer, TscDeadline) {
    ApicTimer timer = make_timer();
    timer.set_tsc_deadline(5);
    EXPECT_EQ(timer.deadline(), ApicTimer::kNever); // ignored in the other modes
    timer.set_mode(TimerMode::TscDeadline, 0);
    timer.set_initial_count(100, 0); // ignored in this one
    EXPECT_EQ(timer.deadline(), ApicTimer::kNever);
    EXPECT_EQ(timer.initial_count(), 0u);
    timer.set_tsc_deadline(12345);
    EXPECT_EQ(timer.tsc_deadline(), 12345u);
    EXPECT_EQ(timer.deadline(), 12345u);
    EXPECT_EQ(timer.current_count(100), 0u);
    EXPECT_FALSE(timer.expire(12344));
    EXPECT_TRUE(timer.expire(12345));
    EXPECT_EQ(timer.tsc_deadline(), 0u);
    timer.set_tsc_deadline(1);
    EXPECT_TRUE(timer.expire(20000)); // the past fires at once
    timer.set_tsc_deadline(30000);
    timer.set_tsc_deadline(0);
    EXPECT_FALSE(timer.expire(40000));
    timer.set_tsc_deadline(~0ull);
    EXPECT_EQ(timer.tsc_deadline(), ~0ull);
    EXPECT_FALSE(timer.expire(1ull << 62));
}

TEST(ApicTimer, ModeChangeToOrFromDeadlineDisarms) {
    ApicTimer timer = make_timer();
    timer.set_initial_count(100, 0);
    timer.set_mode(TimerMode::TscDeadline, 1);
    EXPECT_EQ(timer.deadline(), ApicTimer::kNever);
    timer.set_tsc_deadline(100);
    timer.set_mode(TimerMode::OneShot, 50);
    EXPECT_EQ(timer.deadline(), ApicTimer::kNever);
    EXPECT_EQ(timer.tsc_deadline(), 0u);
    EXPECT_EQ(timer.initial_count(), 0u);
    timer.set_mode(TimerMode::Reserved, 60);
    timer.set_initial_count(100, 60);
    EXPECT_EQ(timer.deadline(), ApicTimer::kNever);
}

TEST(ApicTimer, RestoreGoesOnWhereHardwareWas) {
    ApicTimer timer = make_timer();
    timer.restore(TimerMode::OneShot, 100, 40, kDivide1, 0, 1000);
    EXPECT_EQ(timer.initial_count(), 100u);
    EXPECT_EQ(timer.current_count(1000), 40u);
    EXPECT_EQ(timer.deadline(), 1000u + 40 * 20);
    timer.restore(TimerMode::OneShot, 100, 0, kDivide1, 0, 1000);
    EXPECT_EQ(timer.deadline(), ApicTimer::kNever);
    EXPECT_EQ(timer.initial_count(), 100u);
    timer.restore(TimerMode::Periodic, 100, 40, kDivide2, 0, 1000);
    EXPECT_TRUE(timer.expire(1000 + 40 * 40));
    EXPECT_EQ(timer.deadline(), 1000u + 40 * 40 + 100 * 40);
    timer.restore(TimerMode::Periodic, 100, 0, kDivide2, 0, 1000);
    EXPECT_EQ(timer.deadline(), 1000u + 100 * 40);
    timer.restore(TimerMode::OneShot, 100, 4000000000, kDivide1, 0, 1000); // more than it started with
    EXPECT_EQ(timer.deadline(), 1000u + 100 * 20);
    timer.restore(TimerMode::TscDeadline, 100, 40, kDivide1, 77777, 1000);
    EXPECT_EQ(timer.deadline(), 77777u);
    EXPECT_EQ(timer.initial_count(), 0u);
}

} // namespace
} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/device/pit8254.hpp"

#include <gtest/gtest.h>

namespace vmm::device {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000, kHour = 3'600'000'000'000;
constexpr unsigned kControl = 3;

class PitTest : public testing::Test {
  protected:
    void program(unsigned counter, unsigned mode, unsigned count, std::uint64_t now) {
        pit.write(kControl, static_cast<std::uint8_t>(counter << 6 | 0x30 | mode << 1), now);
        pit.write(counter, static_cast<std::uint8_t>(count), now);
        pit.write(counter, static_cast<std::uint8_t>(count >> 8), now);
    }
    Pit8254 pit;
};

TEST_F(PitTest, NothingRunsAtPowerOn) {
    EXPECT_EQ(pit.next_edge(), kNever);
    EXPECT_FALSE(pit.irq());
    pit.run(kHour);
    EXPECT_FALSE(pit.take_rise());
    EXPECT_EQ(pit.read(kControl, kHour), 0xff);
}

TEST_F(PitTest, PeriodicEdgesAreInTime) {
    program(0, 2, 11932, 0);
    pit.take_rise();
    for (std::uint64_t n = 1; n < 1000; n++) {
        const std::uint64_t edge = pit.next_edge();
        ASSERT_EQ(edge, Pit8254::Time::time(1 + n * 11932));
        pit.run(edge - 1);
        ASSERT_FALSE(pit.take_rise());
        pit.run(edge);
        ASSERT_TRUE(pit.take_rise());
        ASSERT_TRUE(pit.irq());
    }
}

// A VM that was paused: one edge for all that were missed, and the phase is kept.
TEST_F(PitTest, MissedEdgesAreOne) {
    program(0, 3, 2, 0);
    pit.run(kHour);
    EXPECT_TRUE(pit.take_rise());
    EXPECT_FALSE(pit.take_rise());
    EXPECT_GT(pit.next_edge(), kHour);
    EXPECT_LE(pit.next_edge(), kHour + 2000);
}

TEST_F(PitTest, OneShotEndsByItself) {
    program(0, 0, 1000, 0);
    const std::uint64_t edge = pit.next_edge();
    EXPECT_EQ(edge, Pit8254::Time::time(1001));
    pit.run(edge);
    EXPECT_TRUE(pit.take_rise());
    EXPECT_EQ(pit.next_edge(), kNever);
}

// An access sees edges that run() was not called for.
TEST_F(PitTest, AccessesKeepTheEdge) {
    program(0, 0, 1000, 0);
    pit.read(0, kMillisecond);
    EXPECT_TRUE(pit.take_rise());
    program(0, 0, 1000, kMillisecond);
    EXPECT_FALSE(pit.take_rise());
    program(0, 2, 1000, kMillisecond); // the control word sets the output high
    EXPECT_TRUE(pit.take_rise());
}

// 8254 data sheet, "Read-Back Command": several counters at once.
TEST_F(PitTest, ReadBack) {
    for (unsigned counter : {0u, 1u, 2u})
        program(counter, 2, 1000 + counter, 0);
    pit.write(kControl, 0xc0 | 0x0a, kMillisecond); // count and status of 0 and 2
    const std::uint64_t ticks = Pit8254::Time::ticks(kMillisecond) - 1;
    EXPECT_EQ(pit.read(0, kHour), 0xb4);
    EXPECT_EQ(pit.read(0, kHour), (1000 - ticks % 1000) & 0xff);
    EXPECT_EQ(pit.read(0, kHour), (1000 - ticks % 1000) >> 8);
    EXPECT_EQ(pit.read(2, kHour), 0xb4 | 0x00); // its gate is closed: loaded, high, and stands
    EXPECT_EQ(pit.read(2, kHour), 1002 & 0xff);
    pit.write(kControl, 0xe2, kHour); // status of 0 only
    EXPECT_EQ(pit.read(0, kHour) & 0x7f, 0x34);
    pit.write(kControl, 0x40, kHour); // latch 1
    const unsigned low = pit.read(1, 2 * kHour);
    const std::uint64_t later = Pit8254::Time::ticks(kHour) - 1;
    EXPECT_EQ(low | pit.read(1, 2 * kHour) << 8, 1001 - later % 1001);
}

// 82371AB data sheet, "NMISC".
TEST_F(PitTest, PortB) {
    pit.write_port_b(0xff, 0);
    EXPECT_EQ(pit.read_port_b(0) & 0x0f, 0x0f);
    EXPECT_EQ(pit.read_port_b(0) & 0xc0, 0);
    EXPECT_EQ(pit.read_port_b(0) & 0x20, 0);
    const unsigned before = pit.read_port_b(0), after = pit.read_port_b(15'100);
    EXPECT_EQ(before ^ after, 0x10u); // memory is refreshed
}

// How Linux measures the TSC (arch/x86/kernel/tsc.c): counter 2 in mode 0, and the port polled until its output is
// high.
TEST_F(PitTest, LinuxCalibratesByPortB) {
    constexpr unsigned latch = 11932;
    std::uint64_t now = 5 * kMillisecond;
    pit.write_port_b(static_cast<std::uint8_t>((pit.read_port_b(now) & ~0x02) | 0x01), now);
    program(2, 0, latch, now);
    const std::uint64_t start = now;
    while ((pit.read_port_b(now) & 0x20) == 0)
        now += 700;
    EXPECT_NEAR(static_cast<double>(now - start), latch * 1e9 / 1193182, 2000);
}

// And quickly: the upper byte of the count, read after the lower one, goes down every 256 ticks.
TEST_F(PitTest, LinuxCalibratesByTheCount) {
    std::uint64_t now = kMillisecond;
    pit.write_port_b(0x01, now);
    program(2, 0, 0xffff, now);
    for (int byte = 0; byte < 2; byte++) // the time that a dummy read takes, for the count to be loaded
        pit.read(2, now += 500);
    std::uint64_t first = 0;
    for (unsigned expected = 0xff; expected > 0xe0; expected--) {
        unsigned count = 0;
        for (;; count++) {
            pit.read(2, now);
            if (pit.read(2, now) != expected)
                break;
            now += 1000;
        }
        EXPECT_GT(count, 5u) << expected;
        if (expected == 0xff)
            first = now;
    }
    EXPECT_NEAR(static_cast<double>(now - first), 30 * 256 * 1e9 / 1193182, 2000);
}

TEST_F(PitTest, Reset) {
    program(0, 2, 100, 0);
    pit.run(kMillisecond);
    pit.reset();
    EXPECT_FALSE(pit.take_rise());
    EXPECT_EQ(pit.next_edge(), kNever);
    EXPECT_FALSE(pit.irq());
}

} // namespace
} // namespace vmm::device

// SPDX-License-Identifier: GPL-2.0-only
#include "console/text/units.hpp"

#include <array>
#include <gtest/gtest.h>

using namespace console;

TEST(Units, GroupsDigits) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1000), "1,000");
    EXPECT_EQ(grouped(1234567), "1,234,567");
    EXPECT_EQ(grouped(~0ull), "18,446,744,073,709,551,615");
}

TEST(Units, SizesKeepToTheUnitThatReadsBest) {
    EXPECT_EQ(byte_size(0), "0 B");
    EXPECT_EQ(byte_size(1023), "1023 B");
    EXPECT_EQ(byte_size(1024), "1.0 KiB");
    EXPECT_EQ(byte_size((1 << 20) - 1), "1.0 MiB"); // never 1024.0 KiB
    EXPECT_EQ(byte_size(32 << 20), "32.0 MiB");
    EXPECT_EQ(byte_size(~0ull), "16.0 EiB");
}

TEST(Units, Rates) {
    EXPECT_EQ(rate(0), "0");
    EXPECT_EQ(rate(-1), "0");
    EXPECT_EQ(rate(0.44), "0.4");
    EXPECT_EQ(rate(9.96), "10");
    EXPECT_EQ(rate(12345.4), "12,345");
}

TEST(Units, Durations) {
    EXPECT_EQ(duration(0), "0.0 us");
    EXPECT_EQ(duration(12.34e-6), "12.3 us");
    EXPECT_EQ(duration(4.56e-3), "4.56 ms");
    EXPECT_EQ(duration(1.23), "1.2 s");
    EXPECT_EQ(duration(59.99), "1 min 0 s");
    EXPECT_EQ(duration(184), "3 min 4 s");
    EXPECT_EQ(duration(3600 * 2 + 300), "2 h 5 min");
    EXPECT_EQ(duration(86400 * 3 + 3600 * 4), "3 d 4 h");
}

TEST(Units, Hex) {
    EXPECT_EQ(hex_bytes(std::array<std::uint8_t, 3>{0, 0x1f, 0xff}), "001fff");
}

TEST(Units, TicksWithoutAFrequencyAreNoTime) {
    EXPECT_DOUBLE_EQ(seconds_of(2'000'000, 1000), 2);
    EXPECT_EQ(seconds_of(5, 0), 0);
}

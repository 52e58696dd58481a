// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace vmm {
namespace {

static_assert(Text("a", 1u).view() == "a1"); // usable where nothing runs yet

TEST(Text, Parts) {
    EXPECT_EQ(Text("CPU ", 3u, ": exit ", Hex{0x7c}, " at ", Hex{0xffffffff81000000}).view(),
              "CPU 3: exit 0x7c at 0xffffffff81000000");
    EXPECT_EQ(Text().view(), "");
    EXPECT_EQ(Text("").view(), "");
    EXPECT_EQ(Text(std::string_view("a\0b", 3)).view(), std::string_view("a\0b", 3));
}

TEST(Text, Numbers) {
    EXPECT_EQ(Text(0u).view(), "0");
    EXPECT_EQ(Text(10u).view(), "10");
    EXPECT_EQ(Text(~std::uint64_t{0}).view(), "18446744073709551615"); // the longest
    EXPECT_EQ(Text(std::uint8_t{255}).view(), "255");                  // a number and no character
    EXPECT_EQ(Text(Hex{0}).view(), "0x0");
    EXPECT_EQ(Text(Hex{~0ull}).view(), "0xffffffffffffffff");
    EXPECT_EQ(Text(Hex{0x1f}).view(), "0x1f");
}

// What is too long ends at the edge of the buffer, whatever comes after.
TEST(Text, Full) {
    const std::string most(Text::kMost, 'x');
    Text text(std::string_view(most.data(), Text::kMost - 2));
    text.add(std::uint64_t{123456});
    EXPECT_EQ(text.view(), most.substr(2) + "12");
    text.add("more");
    text.add(Hex{1});
    EXPECT_EQ(text.view().size(), Text::kMost);
    const std::string longer(Text::kMost + 100, 'y');
    EXPECT_EQ(Text(std::string_view(longer)).view(), longer.substr(0, Text::kMost));
}

} // namespace
} // namespace vmm

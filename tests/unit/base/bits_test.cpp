// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/base/bits.hpp"

#include <gtest/gtest.h>

namespace vmm {
namespace {

enum class Mode : std::uint8_t { A = 1, B = 5 };
using Middle = Field<10, 8, Mode>;
using Top = Field<63, 56, std::uint8_t>;
using Whole = Field<63, 0>;
using One = Field<31, 31, bool>;

static_assert(Middle::mask == 0x700 && Top::mask == 0xff00'0000'0000'0000 && Whole::mask == ~0ull);
static_assert(One::mask == 0x8000'0000);

TEST(Bits, SingleBits) {
    EXPECT_EQ(bit(0), 1u);
    EXPECT_EQ(bit(31), 0x8000'0000u);
    EXPECT_EQ(bit(63), 0x8000'0000'0000'0000u);
}

TEST(Bits, Alignment) {
    EXPECT_EQ(align_down(0x1fff, 0x1000), 0x1000u);
    EXPECT_EQ(align_down(0x1000, 0x1000), 0x1000u);
    EXPECT_EQ(align_up(0x1001, 0x1000), 0x2000u);
    EXPECT_EQ(align_up(0x1000, 0x1000), 0x1000u);
    EXPECT_EQ(align_up(0, 0x1000), 0u);
    EXPECT_EQ(align_down(~0ull, 1ull << 30), 0xffff'ffff'c000'0000u);
}

TEST(Bits, FieldReadsItsOwnBits) {
    EXPECT_EQ(Middle::get(0xffff'ffff'ffff'fdff), Mode::B);
    EXPECT_EQ(Top::get(0x12ff'ffff'ffff'ffff), 0x12);
    EXPECT_EQ(Whole::get(0x0123'4567'89ab'cdef), 0x0123'4567'89ab'cdefu);
    EXPECT_TRUE(One::get(0x8000'0000));
    EXPECT_FALSE(One::get(0xffff'ffff'7fff'ffff));
}

TEST(Bits, FieldChangesNothingBesides) {
    EXPECT_EQ(Middle::make(Mode::B), 0x500u);
    EXPECT_EQ(Middle::set(~0ull, Mode::A), 0xffff'ffff'ffff'f9ffu);
    EXPECT_EQ(Middle::set(0, Mode::A), 0x100u);
    EXPECT_EQ(Top::set(0x0123'4567'89ab'cdef, 0xee), 0xee23'4567'89ab'cdefu);
    EXPECT_EQ(Whole::set(7, 9), 9u);
}

// A value that is too large must not leak into the neighbour.
TEST(Bits, FieldCutsWhatDoesNotFit) {
    EXPECT_EQ((Field<11, 8>::make(0xfff)), 0xf00u);
    EXPECT_EQ((Field<11, 8>::set(0xf0, 0x1ff)), 0xff0u);
}

} // namespace
} // namespace vmm

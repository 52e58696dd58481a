// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/base/types.hpp"

#include <concepts>
#include <gtest/gtest.h>

namespace vmm {
namespace {

// Addresses of different kinds do not mix, nor do they come from numbers by themselves.
template <class A, class B>
concept Subtractable = requires(A a, B b) {
    a - b;
};
static_assert(!std::convertible_to<Gpa, Hpa> && !std::convertible_to<Hpa, Gpa> && !std::convertible_to<Gva, Gpa>);
static_assert(!std::convertible_to<std::uint64_t, Gpa> && !std::convertible_to<Gpa, std::uint64_t>);
static_assert(!std::constructible_from<Gpa, Hpa> && !std::equality_comparable_with<Gpa, Hpa>);
static_assert(Subtractable<Gpa, Gpa> && !Subtractable<Gpa, Hpa>);
static_assert(sizeof(Gpa) == 8 && std::is_trivially_copyable_v<Gpa>);

TEST(Types, PagesAndOffsets) {
    const Gpa address(0x1234'5678);
    EXPECT_EQ(address.page(), Gpa(0x1234'5000));
    EXPECT_EQ(address.page_offset(), 0x678u);
    EXPECT_EQ((address + 0x988).raw(), 0x1234'6000u);
    EXPECT_EQ(address - Gpa(0x1234'0000), 0x5678u);
    EXPECT_LT(Gpa(1), Gpa(0x8000'0000'0000'0000)); // unsigned
}

TEST(Types, RangeContains) {
    const Range<Gpa> range{Gpa(0x1000), 0x2000};
    EXPECT_EQ(range.end(), Gpa(0x3000));
    EXPECT_FALSE(range.contains(Gpa(0xfff)));
    EXPECT_TRUE(range.contains(Gpa(0x1000)));
    EXPECT_TRUE(range.contains(Gpa(0x2fff)));
    EXPECT_FALSE(range.contains(Gpa(0x3000)));
    EXPECT_TRUE(range.contains(Gpa(0x1000), 0x2000));
    EXPECT_FALSE(range.contains(Gpa(0x1000), 0x2001));
    EXPECT_FALSE(range.contains(Gpa(0xfff), 2));
    EXPECT_TRUE(range.contains(Gpa(0x2ff8), 8));
    EXPECT_FALSE(range.contains(Gpa(0x2ff9), 8));
}

TEST(Types, RangeDoesNotWrap) {
    const Range<Gpa> range{Gpa(0x1000), 0x2000};
    EXPECT_FALSE(range.contains(Gpa(0x1800), ~0ull));
    EXPECT_FALSE(range.contains(Gpa(0x2000), ~0ull - 0xfff));
    EXPECT_FALSE(range.contains(Gpa(~0ull), 0x2000));
    const Range<Gpa> last{Gpa(0xffff'ffff'ffff'f000), 0x1000};
    EXPECT_TRUE(last.contains(Gpa(~0ull)));
    EXPECT_FALSE(last.contains(Gpa(~0ull), 2));
    EXPECT_FALSE(last.contains(Gpa(0)));
}

TEST(Types, EmptyRangeContainsNothing) {
    const Range<Gpa> nothing{Gpa(0x1000), 0};
    EXPECT_FALSE(nothing.contains(Gpa(0x1000)));
    EXPECT_FALSE(nothing.contains(Gpa(0xfff)));
}

} // namespace
} // namespace vmm

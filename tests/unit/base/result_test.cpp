// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/base/result.hpp"

#include <gtest/gtest.h>

namespace vmm {
namespace {

Result<int> half(int value) {
    if (value % 2 != 0)
        return Errc::Invalid;
    return value / 2;
}

Result<int> quarter(int value) {
    return TRY(half(TRY(half(value))));
}

Result<> check(int value, int &seen) {
    TRY(half(value));
    seen = value;
    return {};
}

struct Pair {
    int a, b;
};

TEST(Result, CarriesValueOrError) {
    EXPECT_TRUE(half(4));
    EXPECT_EQ(*half(4), 2);
    EXPECT_FALSE(half(3));
    EXPECT_EQ(half(3).error(), Errc::Invalid);
    // A value of zero is a value.
    EXPECT_TRUE(half(0));
    EXPECT_EQ(*half(0), 0);
}

TEST(Result, TryUnwrapsOrReturns) {
    EXPECT_EQ(*quarter(12), 3);
    EXPECT_EQ(quarter(6).error(), Errc::Invalid);
    EXPECT_EQ(quarter(5).error(), Errc::Invalid);
}

TEST(Result, VoidResults) {
    int seen = 0;
    EXPECT_FALSE(check(3, seen));
    EXPECT_EQ(seen, 0);
    EXPECT_TRUE(check(4, seen));
    EXPECT_EQ(seen, 4);
    EXPECT_TRUE(Result<>());
    EXPECT_EQ(Result<>(Errc::Busy).error(), Errc::Busy);
}

TEST(Result, Members) {
    Result<Pair> pair(Pair{1, 2});
    pair->a = 7;
    EXPECT_EQ((*pair).a + pair->b, 9);
}

// A number that happens to be an error's must not become one.
TEST(Result, ValuesAreNotErrors) {
    const Result<std::uint8_t> number(std::uint8_t{1});
    EXPECT_TRUE(number);
    EXPECT_EQ(*number, 1);
}

} // namespace
} // namespace vmm

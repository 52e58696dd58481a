// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/base/assert.hpp"

#include <gtest/gtest.h>

namespace vmm {
namespace {

TEST(AssertDeathTest, BrokenInvariantPanicsWithItsText) {
    const int two = 2;
    EXPECT_DEATH(VMM_ASSERT(two == 3), "panic: two == 3 at .*assert_test.cpp");
}

TEST(Assert, EvaluatesOnce) {
    int evaluated = 0;
    VMM_ASSERT(++evaluated == 1);
    EXPECT_EQ(evaluated, 1);
}

TEST(Assert, IsOneStatement) {
    bool other = false;
    if (false)
        VMM_ASSERT(false);
    else
        other = true;
    EXPECT_TRUE(other);
}

} // namespace
} // namespace vmm

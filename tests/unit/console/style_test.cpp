// SPDX-License-Identifier: GPL-2.0-only
#include "console/text/style.hpp"

#include <cstdlib>
#include <gtest/gtest.h>

#include "tests/unit/console/fakes.hpp"

using namespace console;

namespace {

class StyleTest : public testing::Test {
  protected:
    void SetUp() override {
        ::setenv("TERM", "xterm", 1);
        ::unsetenv("NO_COLOR");
        out.terminal = true;
    }
    bool colours() const { return Style::suited_to(out).paint(Tone::Good, "x") != "x"; }
    test::StringOutput out;
};

} // namespace

TEST_F(StyleTest, ATerminalGetsColours) {
    EXPECT_TRUE(colours());
}

TEST_F(StyleTest, APipeDoesNot) {
    out.terminal = false;
    EXPECT_FALSE(colours());
}

TEST_F(StyleTest, NoColorCountsWhenNotEmpty) {
    ::setenv("NO_COLOR", "", 1);
    EXPECT_TRUE(colours());
    ::setenv("NO_COLOR", "1", 1);
    EXPECT_FALSE(colours());
}

TEST_F(StyleTest, DumbAndUnknownTerminalsGetNone) {
    ::setenv("TERM", "dumb", 1);
    EXPECT_FALSE(colours());
    ::unsetenv("TERM");
    EXPECT_FALSE(colours());
}

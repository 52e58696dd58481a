// SPDX-License-Identifier: GPL-2.0-only
#include "console/text/sheet.hpp"

#include <gtest/gtest.h>

using namespace console;

TEST(Wrap, BreaksAtBlanksAndKeepsLongWords) {
    EXPECT_EQ(wrap("one two three", 7), (std::vector<std::string>{"one two", "three"}));
    EXPECT_EQ(wrap("incomprehensible a", 4), (std::vector<std::string>{"incomprehensible", "a"}));
    EXPECT_EQ(wrap("", 10), (std::vector<std::string>{""}));
}

TEST(Wrap, WidthZeroIsWithoutLimit) {
    EXPECT_EQ(wrap("a  b c", 0), std::vector<std::string>{"a  b c"});
}

TEST(Sheet, PutsTextsInOneColumn) {
    Sheet sheet;
    sheet.add("a", "first");
    sheet.add("longer", "second");
    EXPECT_EQ(sheet.render(Style(false), 0), "a       first\nlonger  second\n");
}

TEST(Sheet, WrapsBesideTheLabels) {
    Sheet sheet;
    sheet.add("abc", "0123456789 0123456789");
    EXPECT_EQ(sheet.render(Style(false), 5 + 20), "abc  0123456789\n     0123456789\n");
}

TEST(Sheet, NeverGetsNarrowerThanReadable) {
    Sheet sheet;
    sheet.add("label", "0123456789 012345678");
    EXPECT_EQ(sheet.render(Style(false), 3), "label  0123456789 012345678\n");
}

TEST(Style, PaintsOnlyWhenAsked) {
    EXPECT_EQ(Style(false).paint(Tone::Bad, "x"), "x");
    EXPECT_EQ(Style(true).paint(Tone::Bad, "x"), "\x1b[1;31mx\x1b[0m");
    EXPECT_EQ(Style(true).paint(Tone::Plain, "x"), "x");
}

// SPDX-License-Identifier: GPL-2.0-only
#include "console/text/table.hpp"

#include <gtest/gtest.h>

using namespace console;

TEST(Table, AlignsAsEachColumnWants) {
    Table table;
    table.column("name", Align::Left);
    table.column("n", Align::Right);
    table.column("why", Align::Left);
    table.row({{"a"}, {"1,000"}, {"x"}});
    table.row({{"longer"}, {"2"}, {"because"}});
    EXPECT_EQ(table.render(Style(false)), "name        n  why\n"
                                          "a       1,000  x\n"
                                          "longer      2  because\n");
}

TEST(Table, ColoursDoNotShiftColumns) {
    Table table;
    table.column("a", Align::Left);
    table.column("b", Align::Left);
    table.row({{"x", Tone::Good}, {"y"}});
    EXPECT_EQ(table.render(Style(true)), "\x1b[1ma\x1b[0m  \x1b[1mb\x1b[0m\n\x1b[32mx\x1b[0m  y\n");
}

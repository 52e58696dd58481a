// SPDX-License-Identifier: GPL-2.0-only
#include "vmnix/supply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

namespace vmnix_unit {
namespace {

constexpr std::uint64_t kMib = 1ull << 20;

struct Search {
    std::uint32_t pieces;
    bool movable;
    bool operator==(const Search &) const = default;
};

void PrintTo(const Search &search, std::ostream *out) {
    *out << search.pieces << (search.movable ? " movable" : "");
}

// What is looked for when nothing is ever found.
std::vector<Search> all_in_vain(bool from_top) {
    vmnix_supply_run run{.pieces = VMNIX_SUPPLY_RUN, .movable = false, .from_top = from_top};
    std::vector<Search> searches{{run.pieces, run.movable}};
    while (searches.size() < 100 && vmnix_supply_next(&run))
        searches.push_back({run.pieces, run.movable});
    return searches;
}

TEST(Supply, LongRunsFirstAndMovableMemoryLast) {
    EXPECT_THAT(all_in_vain(true),
                testing::ElementsAre(Search{64, false}, Search{32, false}, Search{16, false}, Search{8, false},
                                     Search{4, false}, Search{2, false}, Search{1, false}, Search{64, true},
                                     Search{32, true}, Search{16, true}, Search{8, true}, Search{4, true},
                                     Search{2, true}, Search{1, true}));
}

TEST(Supply, ASearchThatBeganHalfWayIsRepeatedFromTheTopOnce) {
    auto expected = all_in_vain(true);
    expected.insert(expected.begin(), Search{VMNIX_SUPPLY_RUN, false});
    EXPECT_EQ(all_in_vain(false), expected);
}

TEST(Supply, TheConsoleKeepsAMargin) {
    EXPECT_EQ(vmnix_supply_most(0, 1024 * kMib), 0u);
    EXPECT_EQ(vmnix_supply_most(96 * kMib, 1024 * kMib), 0u);
    EXPECT_EQ(vmnix_supply_most(96 * kMib + 1, 1024 * kMib), 1u);
    EXPECT_EQ(vmnix_supply_most(800 * kMib, 1024 * kMib), 704 * kMib);
    EXPECT_EQ(vmnix_supply_most(60000 * kMib, 65536 * kMib), (60000 - 64 - 2048) * kMib);
}

} // namespace
} // namespace vmnix_unit

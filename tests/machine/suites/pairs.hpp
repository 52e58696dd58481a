// SPDX-License-Identifier: GPL-2.0-only
// What a pairwise table has to have: every pair of values of two columns stands in some row.
#pragma once

#include <array>
#include <set>
#include <string>
#include <vector>

namespace suites {

using Pairs = std::set<std::array<std::string, 4>>;

template <std::size_t Columns> Pairs pairs_of(const std::vector<std::array<std::string, Columns>> &rows) {
    Pairs pairs;
    for (const auto &values : rows)
        for (std::size_t a = 0; a < Columns; ++a)
            for (std::size_t b = a + 1; b < Columns; ++b)
                pairs.insert({std::to_string(a), values[a], std::to_string(b), values[b]});
    return pairs;
}

} // namespace suites

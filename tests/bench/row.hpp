// SPDX-License-Identifier: GPL-2.0-only
// One line of the table.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace bench {

struct Row {
    std::string id; // stable, for comparing runs
    std::string what;
    std::optional<double> value;  // absent: could not be measured, `note` says why
    std::optional<double> target; // at most this; absent: for information
    std::string quoted;           // what others take, measured elsewhere on the same emulated CPU
    std::optional<double> costly; // serialising or microcoded operations per exit
    std::string note;
    int decimals = 0;

    bool met() const { return value && (!target || *value <= *target); }
};

void print(const std::vector<Row> &rows);
nlohmann::json to_json(const std::vector<Row> &rows);

} // namespace bench

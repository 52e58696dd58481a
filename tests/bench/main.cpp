// SPDX-License-Identifier: GPL-2.0-only
// bench OUT.json: measures, prints the table and writes it. A missed target is no failure; a measurement that could not
// be made is one.
#include "tests/bench/groups.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <iostream>

int main(int argc, char **argv) {
    using namespace bench;
    if (argc != 2) {
        std::cerr << "usage: bench OUT.json\n";
        return 2;
    }
    std::vector<Row> rows;
    bool complete = true;
    for (auto group : {measure_exits, measure_vms, measure_switch, measure_console, measure_image}) {
        try {
            const auto more = group();
            rows.insert(rows.end(), more.begin(), more.end());
        } catch (const std::exception &error) {
            std::cerr << "bench: " << error.what() << "\n";
            complete = false;
        }
    }
    print(rows);
    std::ofstream(argv[1]) << to_json(rows).dump(2) << "\n";
    complete = complete && std::all_of(rows.begin(), rows.end(), [](const Row &row) { return row.value.has_value(); });
    return complete ? 0 : 1;
}

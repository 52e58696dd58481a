// SPDX-License-Identifier: GPL-2.0-only
// bench [--group NAME]... OUT.json: measures, prints the table and writes it. A missed target is no failure; a
// measurement that could not be made is one.
#include "tests/bench/groups.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <set>

namespace {

using namespace bench;

struct Group {
    const char *name;
    std::vector<Row> (*measure)();
};
constexpr Group kGroups[] = {
    {"exits", measure_exits},
    {"vm-exits", measure_vm_exits},
    {"vm-known-length", measure_vm_known_length},
    {"vm-memory", measure_vm_memory},
    {"vm-boot", measure_vm_boot},
    {"vm-fairness", measure_fairness},
    {"vm-beside", measure_console_beside_vms},
    {"vm-alone", measure_undisturbed},
    {"vm-many", measure_vm_many},
    {"restart", measure_console_restart},
    {"vendors", measure_vendors},
    {"switch", measure_switch},
    {"console", measure_console},
    {"image", measure_image},
};

int usage() {
    std::cerr << "usage: bench [--group NAME]... OUT.json\ngroups, all when none is named:";
    for (const Group &group : kGroups)
        std::cerr << " " << group.name;
    std::cerr << "\n";
    return 2;
}

} // namespace

int main(int argc, char **argv) {
    std::set<std::string> wanted;
    int at = 1;
    for (; at + 1 < argc && std::string(argv[at]) == "--group"; at += 2)
        wanted.insert(argv[at + 1]);
    const bool known = std::all_of(wanted.begin(), wanted.end(), [](const std::string &name) {
        return std::any_of(std::begin(kGroups), std::end(kGroups), [&](const Group &g) { return name == g.name; });
    });
    if (at + 1 != argc || argv[at][0] == '-' || !known)
        return usage();
    std::vector<Row> rows;
    bool complete = true;
    for (const Group &group : kGroups) {
        if (!wanted.empty() && !wanted.count(group.name))
            continue;
        try {
            const auto more = group.measure();
            rows.insert(rows.end(), more.begin(), more.end());
        } catch (const std::exception &error) {
            std::cerr << "bench: " << group.name << ": " << error.what() << "\n";
            complete = false;
        }
    }
    print(rows);
    std::ofstream(argv[at]) << to_json(rows).dump(2) << "\n";
    complete = complete && std::all_of(rows.begin(), rows.end(), [](const Row &row) { return row.value.has_value(); });
    return complete ? 0 : 1;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/counting_console.hpp"
#include "tests/bench/groups.hpp"

#include <fmt/format.h>

namespace bench {
namespace {

struct Work {
    const char *name, *command;
    section before, after;
    double target;
};

constexpr Work kWork[] = {
    {"idle", "sleep 10", SECTION_IDLE_BEFORE, SECTION_IDLE_AFTER, 1.005},
    {"load", "sh -c 'seq 200 | xargs -n 1 /bin/true; gzip -c /tmp/data >/dev/null'", SECTION_LOAD_BEFORE,
     SECTION_LOAD_AFTER, 1.01},
};

struct Run {
    SectionCounts counts;
    double ticks;
};

// Twice, the second counts: the first fills caches of the console's.
Run run(CountingConsole &console, const Work &work, section where) {
    const std::string command = fmt::format("section {} {}", static_cast<unsigned>(where), work.command);
    const auto ticks = static_cast<double>(console.number(command));
    return {console.counts(where), ticks};
}

std::vector<Row> rows_of(const Work &work, const Run &before, const Run &after) {
    const auto as_double = [](std::uint64_t value) { return static_cast<double>(value); };
    const std::string name = work.name;
    return {
        {.id = name + ".instructions",
         .what = "console " + name + ", instructions after / before (ratio)",
         .value = as_double(after.counts.instructions) / as_double(before.counts.instructions),
         .target = work.target,
         .decimals = 4},
        {.id = name + ".time",
         .what = "console " + name + ", part of the CPUs' time that the VMM takes (ratio)",
         .value = 1 + as_double(after.counts.host_instructions) / (2 * after.ticks),
         .decimals = 4},
        {.id = name + ".exits",
         .what = "console " + name + ", exits per second (of 10^9 instructions)",
         .value = as_double(after.counts.exits) / after.ticks * 1e9},
    };
}

} // namespace

std::vector<Row> measure_console() {
    std::vector<Row> rows;
    CountingConsole console({.cpus = 2});
    console.must("head -c 16777216 /dev/urandom >/tmp/data", suites::Seconds(900));
    std::vector<Run> before;
    for (const Work &work : kWork) {
        console.must(work.command, suites::Seconds(900));
        before.push_back(run(console, work, work.before));
    }
    console.launch();
    for (std::size_t i = 0; i < std::size(kWork); ++i) {
        console.must(kWork[i].command, suites::Seconds(900));
        const auto more = rows_of(kWork[i], before[i], run(console, kWork[i], kWork[i].after));
        rows.insert(rows.end(), more.begin(), more.end());
    }
    return rows;
}

} // namespace bench

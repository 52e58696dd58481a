// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/counting_console.hpp"
#include "tests/bench/groups.hpp"

#include <fmt/format.h>

namespace bench {
namespace {

struct ExitRow {
    const char *id, *what;
    section where;
    const char *command; // prints what one operation takes as its program sees it
    double target;
    const char *quoted;
};

constexpr double kSeenMore = 10, kCostlyMost = 6;

constexpr ExitRow kXapicRows[] = {
    {"cpuid.hot", "cpuid, again from one address", SECTION_CPUID_HOT, "cost-cpuid-hot", 130,
     "KVM 2,805; Jailhouse +122 (length assumed)"},
    {"cpuid.cold", "cpuid, with fetch and measure", SECTION_CPUID_COLD, "cost-cpuid-cold", 300,
     "KVM 2,805 (about 1,650 of it decode)"},
    {"hypercall", "hypercall", SECTION_HYPERCALL, "cost-kernel 4", 150, "KVM 3,083"},
    {"port", "intercepted port", SECTION_PORT, "cost-port", 150, "KVM 1,433; Jailhouse +157"},
    {"xapic.cold", "xAPIC write, cold", SECTION_XAPIC_COLD, "cost-kernel 5", 650, "KVM 3.9 k; Jailhouse +2,378"},
    {"xapic.hot", "xAPIC write, decode cache", SECTION_XAPIC_HOT, "cost-kernel 6", 400, "KVM 3.9 k; Jailhouse +2,378"},
};
static_assert(SECTION_HYPERCALL == 4 && SECTION_XAPIC_COLD == 5 && SECTION_XAPIC_HOT == 6 && SECTION_X2APIC == 7);

constexpr ExitRow kX2apicRows[] = {
    {"x2apic", "x2APIC write", SECTION_X2APIC, "cost-kernel 7", 200, "KVM 3.9 k; Jailhouse +2,378"},
};

// Two rows of the table: from the exit to VMRUN, and what the console sees of it beyond that.
void measure(CountingConsole &console, const ExitRow &row, std::vector<Row> &rows) {
    Row exit{.id = "exit." + std::string(row.id),
             .what = std::string(row.what) + ", exit to VMRUN",
             .target = row.target,
             .quoted = row.quoted};
    Row seen{.id = "seen." + std::string(row.id),
             .what = std::string(row.what) + ", more as the console sees it",
             .target = kSeenMore};
    try {
        const auto as_seen = static_cast<double>(console.number(row.command));
        const SectionCounts counts = console.counts(row.where);
        exit.value = static_cast<double>(counts.median);
        exit.costly = static_cast<double>(counts.costly);
        seen.value = as_seen - *exit.value;
        if (*exit.costly > kCostlyMost)
            exit.note = fmt::format("{} costly operations, {} to reach", *exit.costly, kCostlyMost);
    } catch (const std::exception &error) {
        exit.note = seen.note = error.what();
    }
    rows.push_back(exit);
    rows.push_back(seen);
}

std::vector<Row> measure_rows(std::span<const ExitRow> wanted, suites::Description description) {
    std::vector<Row> rows;
    CountingConsole console(std::move(description));
    console.launch();
    console.load_poke();
    for (const ExitRow &row : wanted)
        measure(console, row, rows);
    return rows;
}

// The most costly operations that any kind of exit has.
Row worst(const std::vector<Row> &rows) {
    Row row{.id = "costly", .what = "serialising or microcoded operations per exit, most", .target = kCostlyMost};
    for (const Row &each : rows)
        if (each.costly && (!row.value || *each.costly > *row.value))
            row.value = each.costly;
    return row;
}

} // namespace

std::vector<Row> measure_exits() {
    auto rows = measure_rows(kXapicRows, {.cpus = 2});
    const auto more = measure_rows(kX2apicRows, {.cpus = 2, .x2apic = true});
    rows.insert(rows.end(), more.begin(), more.end());
    rows.push_back(worst(rows));
    return rows;
}

} // namespace bench

// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/counting_console.hpp"
#include "tests/bench/groups.hpp"

#include <fmt/format.h>

namespace bench {
namespace {

struct ExitRow {
    const char *id, *what;
    section where;
    const char *command; // prints what one operation takes as its program sees it; none: the test module's
    double target;       // 0: for information
    const char *quoted;
};

constexpr double kSeenMore = 10, kCostlyMost = 6;

constexpr ExitRow kXapicRows[] = {
    {"cpuid.hot", "cpuid, again from one address", SECTION_CPUID_HOT, "cost-cpuid-hot", 300,
     "KVM 2,805 (about 1,650 of it decode)"},
    {"cpuid.cold", "cpuid, with fetch and measure", SECTION_CPUID_COLD, "cost-cpuid-cold", 300,
     "KVM 2,805 (about 1,650 of it decode)"},
    {"hypercall", "hypercall", SECTION_HYPERCALL, nullptr, 150, "KVM 3,083"},
    {"port", "intercepted port", SECTION_PORT, "cost-port", 150, "KVM 1,433; Jailhouse +157"},
    {"xapic.cold", "xAPIC write (timer), cold", SECTION_XAPIC_COLD, nullptr, 650, "KVM 3.9 k; Jailhouse +2,378"},
    {"xapic.hot", "xAPIC write (timer), decode cache", SECTION_XAPIC_HOT, nullptr, 400, "KVM 3.9 k; Jailhouse +2,378"},
    {"xapic.lvt", "xAPIC write (LVT), decode cache", SECTION_XAPIC_LVT, nullptr, 0, ""},
    {"xapic.eoi", "xAPIC EOI with nothing in service", SECTION_XAPIC_EOI, nullptr, 0, ""},
};

// Where the CPU tells the length of the instruction.
constexpr ExitRow kKnownLengthRows[] = {
    {"cpuid.known", "cpuid, known length", SECTION_CPUID_HOT, "cost-cpuid-hot", 130,
     "KVM 2,805; Jailhouse +122 (length assumed)"},
};
constexpr ExitRow kX2apicKnownRows[] = {
    {"x2apic.known", "x2APIC write (timer), known length", SECTION_X2APIC, nullptr, 200, "KVM 3.9 k; Jailhouse +2,378"},
};

constexpr ExitRow kX2apicRows[] = {
    {"x2apic", "x2APIC write (timer)", SECTION_X2APIC, nullptr, 200, "KVM 3.9 k; Jailhouse +2,378"},
    {"x2apic.eoi", "x2APIC EOI with nothing in service", SECTION_X2APIC_EOI, nullptr, 0, ""},
};

// From the exit to VMRUN, and what the console sees of it beyond that.
void measure(CountingConsole &console, const ExitRow &row, std::vector<Row> &rows) {
    Row exit{.id = "exit." + std::string(row.id),
             .what = std::string(row.what) + ", exit to VMRUN",
             .target = row.target > 0 ? std::optional(row.target) : std::nullopt,
             .quoted = row.quoted};
    Row seen{.id = "seen." + std::string(row.id), .what = "  more, as the console sees it", .target = kSeenMore};
    try {
        const auto as_seen = static_cast<double>(console.number(
            row.command ? row.command : fmt::format("cost-kernel {}", static_cast<unsigned>(row.where))));
        const SectionCounts counts = console.counts(row.where);
        exit.value = static_cast<double>(counts.median);
        exit.costly = static_cast<double>(counts.costly);
        seen.value = as_seen - *exit.value;
    } catch (const std::exception &error) {
        exit.note = seen.note = error.what();
    }
    rows.push_back(exit);
    if (console.description().ns_per_instruction) // otherwise the console has no clock to see it by
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
    std::vector<Row> rows;
    const auto add = [&](std::span<const ExitRow> wanted, bool x2apic, bool knows_lengths) {
        const auto more =
            measure_rows(wanted, {.cpus = 1, .x2apic = x2apic, .archive = knows_lengths ? "known-length" : ""});
        rows.insert(rows.end(), more.begin(), more.end());
    };
    add(kKnownLengthRows, false, true);
    add(kXapicRows, false, false);
    add(kX2apicKnownRows, true, true);
    add(kX2apicRows, true, false);
    rows.push_back(worst(rows));
    return rows;
}

} // namespace bench

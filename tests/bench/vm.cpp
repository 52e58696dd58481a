// SPDX-License-Identifier: GPL-2.0-only
// What VMs cost. The test kernel (tests/guest) marks the sections and prints what it sees itself.
#include "tests/bench/counting_console.hpp"
#include "tests/bench/groups.hpp"
#include "tests/bench/test_kernel.hpp"

#include <fmt/format.h>

namespace bench {
namespace {

struct SectionRow {
    const char *id, *what;
    section where;
    double target; // 0: for information
    const char *quoted;
};

constexpr SectionRow kFetched[] = {
    {"cpuid.hot", "cpuid, fetched", SECTION_VM_CPUID_HOT, 300, "KVM 2,805"},
    {"cpuid.cold", "cpuid, fetched, new addresses", SECTION_VM_CPUID_COLD, 300, "KVM 2,805"},
    {"hypercall", "vmmcall", SECTION_VM_HYPERCALL, 150, "KVM 3,083"},
    {"port", "port in the VMM (UART)", SECTION_VM_PORT_UART, 150, "KVM 1,433"},
    {"port.timer", "port in the VMM (ACPI timer)", SECTION_VM_PORT_TIMER, 150, "KVM 1,433"},
    {"xapic.cold", "LAPIC MMIO write (timer), cold", SECTION_VM_XAPIC_COLD, 650, "KVM 3.9 k"},
    {"xapic.hot", "LAPIC MMIO write (timer), decode cache", SECTION_VM_XAPIC_HOT, 400, "KVM 3.9 k"},
    {"xapic.lvt", "LAPIC MMIO write (LVT), decode cache", SECTION_VM_XAPIC_LVT, 0, ""},
    {"xapic.eoi", "LAPIC MMIO EOI with nothing in service", SECTION_VM_XAPIC_EOI, 0, ""},
    {"ioapic", "IO-APIC MMIO write (select)", SECTION_VM_IOAPIC, 0, ""},
    {"x2apic.fetched", "x2APIC write (timer), fetched", SECTION_VM_X2APIC, 0, ""},
    {"x2apic.eoi", "x2APIC EOI with nothing in service, fetched", SECTION_VM_X2APIC_EOI, 0, ""},
    {"halt", "HLT, switch to another world", SECTION_VM_HALT, 600, "KVM 2,952"},
    {"wake", "timer of a world that waits: switch to it", SECTION_VM_WAKE, 0, ""},
};

// Where the CPU tells the length of the instruction.
constexpr SectionRow kKnownLength[] = {
    {"cpuid.known", "cpuid, known length", SECTION_VM_CPUID_HOT, 130, "KVM 2,805"},
    {"x2apic.known", "x2APIC write (timer), known length", SECTION_VM_X2APIC, 200, "KVM 3.9 k"},
};

// A line that the test kernel prints: its key, and which of the numbers behind it.
struct SeenRow {
    const char *id, *what, *key;
    unsigned number, less; // the second is taken from the first; kNothing: it is not
    double target;         // 0: for information
    const char *quoted;
};
constexpr unsigned kNothing = ~0u;
constexpr SeenRow kSeen[] = {
    {"self-ipi", "self-IPI, sti, nop", "self-ipi", 0, kNothing, 1000, "KVM 9,664"},
    {"deadline", "TSC-deadline timer", "deadline.now", 0, kNothing, 1200, "KVM 8,346"},
    {"jitter", "timer jitter, most", "deadline.late.spinning", 3, 0, 1000, "Jailhouse 167 to 272"},
    {"jitter.others", "timer, late beyond another world's turn, most", "deadline.others.spinning", 1, kNothing, 0, ""},
    {"jitter.count", "timer, of 1,000: met another world's turn", "deadline.others.spinning", 0, kNothing, 0, ""},
};

Row row_of(const CountingConsole &console, const SectionRow &wanted) {
    Row row{.id = fmt::format("vm.{}", wanted.id),
            .what = fmt::format("VM: {}, exit to VMRUN", wanted.what),
            .target = wanted.target > 0 ? std::optional(wanted.target) : std::nullopt,
            .quoted = wanted.quoted};
    try {
        const SectionCounts counts = console.counts(wanted.where);
        row.value = static_cast<double>(counts.median);
        row.costly = static_cast<double>(counts.costly);
    } catch (const std::exception &error) {
        row.note = error.what();
    }
    return row;
}

Row row_of(const Lines &lines, const SeenRow &wanted) {
    Row row{.id = fmt::format("vm.{}", wanted.id),
            .what = fmt::format("VM: {}, as the guest sees it", wanted.what),
            .target = wanted.target > 0 ? std::optional(wanted.target) : std::nullopt,
            .quoted = wanted.quoted};
    const auto found = lines.find(wanted.key);
    if (found == lines.end() || found->second.size() <= wanted.number)
        row.note = fmt::format("the test kernel did not print '{}'", wanted.key);
    else
        row.value = found->second[wanted.number] - (wanted.less == kNothing ? 0 : found->second[wanted.less]);
    return row;
}

std::vector<Row> measure_cost(std::span<const SectionRow> sections, std::span<const SeenRow> seen,
                              const std::string &archive) {
    std::vector<Row> rows;
    CountingConsole console({.cpus = 1, .archive = archive});
    console.launch();
    const Lines lines = run_program(console, "cost", 2);
    for (const SectionRow &row : sections)
        rows.push_back(row_of(console, row));
    for (const SeenRow &row : seen)
        rows.push_back(row_of(lines, row));
    return rows;
}

} // namespace

// A VM's memory beside its RAM, without the console's ring.
std::vector<Row> measure_vm_memory() {
    Row row{.id = "vm.memory",
            .what = "VM: memory beside its RAM and the ring, 1 vCPU (bytes)",
            .target = 160 << 10,
            .quoted = "Firecracker 5 MB; ESXi 6.5 20 MB"};
    CountingConsole console({.cpus = 1}, false);
    console.launch();
    console.must(fmt::format("vmnix run --name vmtest --kernel {} --append hltoff --memory 512M", kTestKernel));
    row.value = nlohmann::json::parse(console.must("vmnix info --json vmtest"))["overhead_bytes"].get<double>();
    return {row};
}

std::vector<Row> measure_vm_exits() {
    return measure_cost(kFetched, kSeen, "");
}

std::vector<Row> measure_vm_known_length() {
    return measure_cost(kKnownLength, {}, "known-length");
}

} // namespace bench

// SPDX-License-Identifier: GPL-2.0-only
// VT-x beside SVM in one emulator, Bochs, whose TSC counts instructions where there is one CPU: what an exit takes as a
// VM's kernel sees it, from the instruction before to the one behind, reading the TSC once included.
#include "tests/bench/groups.hpp"
#include "tests/bench/test_kernel.hpp"

#include <fmt/format.h>

namespace bench {
namespace {

struct Exit {
    const char *key, *what;
    unsigned number; // of those that the test kernel prints behind the key
    double target;   // an eighth of KVM's; 0: KVM has no such exit, or none was measured
    const char *quoted;
};

constexpr Exit kExits[] = {
    {"cpuid.hot", "cpuid", 1, 1500 / 8., "KVM 1.5 k"},
    {"hypercall", "hypercall", 1, 0, ""},
    {"port.uart", "port in the VMM (UART)", 1, 3500 / 8., "KVM 3.5 k, to user space"},
    {"port.timer", "port in the VMM (ACPI timer)", 1, 0, ""},
    {"xapic.timer", "LAPIC MMIO write (timer), decode cache", 1, 0, ""},
    {"xapic.lvt", "LAPIC MMIO write (LVT), decode cache", 1, 0, ""},
    {"xapic.eoi", "LAPIC MMIO EOI with nothing in service", 1, 0, ""},
    {"ioapic.select", "IO-APIC MMIO write (select)", 1, 0, ""},
    {"x2apic.timer", "x2APIC write (timer)", 1, 0, ""},
    {"x2apic.eoi", "x2APIC EOI with nothing in service", 1, 0, ""},
    {"self-ipi", "self-IPI, sti, nop", 1, 0, ""},
    {"deadline.now", "TSC-deadline timer", 0, 0, ""},
};
constexpr double kVmxBySvm = 1.2;

struct Vendor {
    const char *name, *model;
};
constexpr Vendor kSvm = {"SVM", harness::kRyzen}, kVmx = {"VT-x", harness::kHaswell};

Lines costs(const Vendor &vendor) {
    suites::Console console({.bochs = vendor.model, .cpus = 1});
    console.launch();
    return run_program(console, "cost", 1);
}

Row row_of(const Vendor &vendor, const Lines &lines, const Exit &exit) {
    Row row{.id = fmt::format("bochs.{}.{}", vendor.name == kSvm.name ? "svm" : "vmx", exit.key),
            .what = fmt::format("Bochs, {}: {}, as the VM sees it", vendor.name, exit.what),
            .target = exit.target > 0 ? std::optional(exit.target) : std::nullopt,
            .quoted = exit.quoted};
    const auto found = lines.find(exit.key);
    if (found == lines.end() || found->second.size() <= exit.number)
        row.note = fmt::format("the test kernel did not print '{}'", exit.key);
    else
        row.value = found->second[exit.number];
    return row;
}

} // namespace

std::vector<Row> measure_vendors() {
    const Lines svm = costs(kSvm), vmx = costs(kVmx);
    std::vector<Row> rows;
    for (const Exit &exit : kExits) {
        const Row on_svm = row_of(kSvm, svm, exit), on_vmx = row_of(kVmx, vmx, exit);
        Row ratio{.id = fmt::format("bochs.ratio.{}", exit.key),
                  .what = "  VT-x by SVM (ratio)",
                  .target = kVmxBySvm,
                  .decimals = 2};
        if (on_svm.value && on_vmx.value)
            ratio.value = *on_vmx.value / *on_svm.value;
        rows.insert(rows.end(), {on_svm, on_vmx, ratio});
    }
    return rows;
}

} // namespace bench

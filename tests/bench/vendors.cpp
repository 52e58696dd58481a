// SPDX-License-Identifier: GPL-2.0-only
// VT-x beside SVM in one emulator, Bochs, whose TSC counts instructions where there is one CPU: what an exit takes as a
// VM's kernel sees it, from the instruction before to the one behind, reading the TSC once included; and what the same
// exit takes under KVM on the same CPU.
#include "tests/bench/groups.hpp"
#include "tests/bench/test_kernel.hpp"

#include <fmt/format.h>

namespace bench {
namespace {

// Which number of a line is compared. Where there is one only, it is the median.
constexpr unsigned kMean = 0, kLeast = 1;

struct Exit {
    const char *key, *what;
    unsigned number = kLeast;
    const char *under_kvm = ""; // how it differs there
};

constexpr Exit kExits[] = {
    {"cpuid.hot", "cpuid"},
    {"hypercall", "hypercall"},
    {"port.uart", "port in the VMM (UART)", kLeast, ", to user space"},
    {"port.timer", "port in the VMM (ACPI timer)"},
    {"xapic.timer", "LAPIC MMIO write (timer), decode cache"},
    {"xapic.lvt", "LAPIC MMIO write (LVT), decode cache"},
    {"xapic.eoi", "LAPIC MMIO EOI with nothing in service"},
    {"ioapic.select", "IO-APIC MMIO write (select)"},
    {"x2apic.timer", "x2APIC write (timer)"},
    {"x2apic.eoi", "x2APIC EOI with nothing in service"},
    {"self-ipi", "self-IPI, sti, nop"},
    {"deadline.now", "TSC-deadline timer", kMean},
};
constexpr Exit kKvmExits[] = {
    {"cpuid.hot", "cpuid"},
    {"hypercall", "hypercall"},
    {"port.uart", "port in, to user space"},
    {"port.out", "port out, to user space"},
    {"xapic.timer", "LAPIC MMIO write (timer)"},
    {"xapic.lvt", "LAPIC MMIO write (LVT)"},
    {"xapic.eoi", "LAPIC MMIO EOI, nothing in service"},
    {"ioapic.select", "IO-APIC MMIO write (select)"},
    {"x2apic.timer", "x2APIC write (timer)"},
    {"x2apic.eoi", "x2APIC EOI, nothing in service"},
    {"page.mapped", "nested fault, host has the page"},
    {"page.new", "nested fault, host allocates it"},
};
constexpr double kVmxBySvm = 1.2, kByKvm = 1 / 8.;

struct Vendor {
    const char *id, *name, *model, *kvm_id, *kvm_module;
};
constexpr Vendor kSvm = {"svm", "SVM", harness::kRyzen, "kvm-amd", "kvm_amd"},
                 kVmx = {"vmx", "VT-x", harness::kHaswell, "kvm-intel", "kvm_intel"};

Lines costs(const Vendor &vendor) {
    suites::Console console({.bochs = vendor.model, .cpus = 1});
    console.launch();
    return run_program(console, "cost", 1);
}

// On the bare machine, and at its fastest: what guards against faults of real CPUs is off.
Lines kvm_costs(const Vendor &vendor) {
    suites::Console console({.bochs = vendor.model, .cpus = 1, .append = "mitigations=off"});
    console.must(fmt::format("modprobe {}", vendor.kvm_module));
    return parse(console.must_probe("kvm-cost"));
}

std::optional<double> number(const Lines &lines, const char *key, unsigned index) {
    const auto found = lines.find(key);
    return found == lines.end() || found->second.size() <= index ? std::nullopt : std::optional(found->second[index]);
}

Row row_of(const Vendor &vendor, const Lines &lines, const Lines &kvm, const Exit &exit) {
    Row row{.id = fmt::format("bochs.{}.{}", vendor.id, exit.key),
            .what = fmt::format("Bochs, {}: {}, as the VM sees it", vendor.name, exit.what),
            .value = number(lines, exit.key, exit.number)};
    if (!row.value)
        row.note = fmt::format("the test kernel did not print '{}'", exit.key);
    if (const auto theirs = number(kvm, exit.key, exit.number)) {
        row.target = *theirs * kByKvm;
        row.quoted = fmt::format("KVM {:.0f}{}, measured here", *theirs, exit.under_kvm);
    }
    return row;
}

Row kvm_row(const Vendor &vendor, const Lines &kvm, const Exit &exit) {
    Row row{.id = fmt::format("bochs.{}.{}", vendor.kvm_id, exit.key),
            .what = fmt::format("Bochs, KVM, {}: {}", vendor.name, exit.what),
            .value = number(kvm, exit.key, exit.number)};
    if (const auto mean = number(kvm, exit.key, kMean))
        row.quoted = fmt::format("mean {:.0f}, measured here", *mean);
    else
        row.note = fmt::format("the probe did not print '{}'", exit.key);
    return row;
}

Row ratio_of(const Exit &exit, const Row &on_svm, const Row &on_vmx) {
    Row ratio{.id = fmt::format("bochs.ratio.{}", exit.key),
              .what = "  VT-x by SVM (ratio)",
              .target = kVmxBySvm,
              .decimals = 2};
    if (on_svm.value && on_vmx.value)
        ratio.value = *on_vmx.value / *on_svm.value;
    return ratio;
}

} // namespace

std::vector<Row> measure_vendors() {
    const Lines kvm_on_svm = kvm_costs(kSvm), kvm_on_vmx = kvm_costs(kVmx);
    const Lines svm = costs(kSvm), vmx = costs(kVmx);
    std::vector<Row> rows;
    for (const Exit &exit : kKvmExits)
        rows.insert(rows.end(), {kvm_row(kSvm, kvm_on_svm, exit), kvm_row(kVmx, kvm_on_vmx, exit)});
    for (const Exit &exit : kExits) {
        const Row on_svm = row_of(kSvm, svm, kvm_on_svm, exit), on_vmx = row_of(kVmx, vmx, kvm_on_vmx, exit);
        rows.insert(rows.end(), {on_svm, on_vmx, ratio_of(exit, on_svm, on_vmx)});
    }
    return rows;
}

} // namespace bench

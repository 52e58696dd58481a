// SPDX-License-Identifier: GPL-2.0-only
// A console that panics, until the next one answers: what it executes beside a plain boot of the same kernel, and what
// a VM's clock sees of it.
#include "tests/bench/counting_console.hpp"
#include "tests/bench/groups.hpp"
#include "tests/machine/suites/vm.hpp"
#include "vmm/sched/tuning.hpp"

#include <fmt/format.h>
#include <regex>

namespace bench {
namespace {

using suites::Seconds;

const suites::Description kMachine{.cpus = 1, .memory_mib = 1280, .archive = "kexec"};

std::string marking(section which) {
    return fmt::format("{}mark {}; ", suites::kProbe, static_cast<unsigned>(which));
}

double count_until_shell(CountingConsole &console, section which, const std::string &how) {
    console.type(marking(which) + how);
    console.serial().wait_for("vmnix:~# ", Seconds(900)); // a panic on the way is what was asked for
    console.type("");
    console.wait_for_shell(Seconds(300));
    console.must("vmnix list >/dev/null 2>&1 || true; " + marking(SECTION_NONE));
    return static_cast<double>(console.counts(which).instructions);
}

// The same kernel and initrd, by the firmware. (kexec would add the check of their sums, which is as much again.)
double plain_boot() {
    CountingConsole console({.cpus = 1, .memory_mib = kMachine.memory_mib});
    return count_until_shell(console, SECTION_PLAIN_BOOT, "reboot -f");
}

// Instructions between two beats of the VM's clock, at most, in the seconds of its own after `since`.
struct Beats {
    unsigned last = 0;
    double longest = 0;
};
Beats beats_since(suites::Vm &vm, unsigned since) {
    const std::string said = vm.log();
    const std::regex line("second ([0-9]+) gap ([0-9]+)");
    Beats beats;
    for (std::sregex_iterator at(said.begin(), said.end(), line), end; at != end; ++at) {
        beats.last = static_cast<unsigned>(std::stoul((*at)[1]));
        if (beats.last > since)
            beats.longest = std::max(beats.longest, std::stod((*at)[2]) * 1000); // 1 GHz
    }
    return beats;
}

} // namespace

std::vector<Row> measure_console_restart() {
    Row work{.id = "restart.instructions",
             .what = "console: panic to `vmnix list`, by a plain boot (ratio)",
             .target = 1.3,
             .decimals = 3};
    Row gap{.id = "restart.gap",
            .what = "VM: longest gap of its clock, more than without a death",
            .target = static_cast<double>(vmm::SchedTuning::of(1000000).slice[1])};
    const double plain = plain_boot();
    CountingConsole console(kMachine);
    console.launch();
    console.must("vmnix service-console set --limit off --kernel /boot/console.vmlinuz --initrd /boot/initrd-6.12",
                 Seconds(900));
    suites::ProgramVm vm(console, "beat", "beat 10");
    vm.wait_until_says("second 2 ", Seconds(300));
    const unsigned began = beats_since(vm, 0).last;
    // As long as the death takes, with something to do.
    console.must("end=$(($(date +%s) + 10)); while [ $(date +%s) -lt $end ]; do gzip -c /bin/busybox >/dev/null; done",
                 Seconds(900));
    const Beats before = beats_since(vm, began);
    const double restart = count_until_shell(console, SECTION_RESTART, "echo c >/proc/sysrq-trigger");
    console.must("sleep 2", Seconds(300));
    const Beats across = beats_since(vm, before.last);
    work.value = restart / plain;
    work.note = fmt::format("{:.0f} M and {:.0f} M instructions, VM included", restart / 1e6, plain / 1e6);
    gap.value = across.longest - before.longest;
    gap.note = fmt::format("{:.0f} across the death, {:.0f} before", across.longest, before.longest);
    return {work, gap};
}

} // namespace bench

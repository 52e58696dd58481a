// SPDX-License-Identifier: GPL-2.0-only
// The other ways in which a console ends: orderly ones leave the VMM first, a crash yields its dump, sleep is refused.
#include "tests/machine/suites/console.hpp"

#include <fmt/format.h>

using namespace suites;

namespace {

const std::string kLeft = "left the VMM";

// Machines whose kernel messages reach the serial line, to see the last ones.
void show_kernel_messages(Console &console) {
    console.must("dmesg -n 7");
}

// Loads the second system, which is like the first but for its command line. `how` is kexec's -l or -p.
void load_second_system(Console &console, const std::string &how, const std::string &append) {
    console.must(
        fmt::format("kexec {} /boot/console.vmlinuz --initrd=/boot/initrd-{} --append='console=ttyS0 quiet {}'", how,
                    console.description().kernel, append),
        Seconds(120));
}

} // namespace

class Ends : public testing::TestWithParam<const char *> {};

TEST_P(Ends, RebootLeavesFirst) {
    Console console({.kernel = GetParam()});
    console.launch();
    show_kernel_messages(console);
    console.type("reboot -f");
    console.serial().wait_for(kLeft, Seconds(60));
    console.wait_for_shell();
    console.must("modprobe msr");
    expect_bare(console);
    console.launch();
    expect_under(console);
}

TEST_P(Ends, PowerOffLeavesFirst) {
    Console console({.kernel = GetParam()});
    console.launch();
    show_kernel_messages(console);
    console.type("poweroff -f");
    console.serial().wait_for(kLeft, Seconds(60));
    console.wait_for_end(Seconds(60));
}

TEST_P(Ends, ImmediateReset) {
    Console console({.kernel = GetParam()});
    console.launch();
    console.type("echo b >/proc/sysrq-trigger");
    console.wait_for_shell();
    console.must("modprobe msr");
    expect_bare(console);
    console.launch();
    expect_under(console);
}

TEST_P(Ends, KexecLeavesFirst) {
    Console console({.kernel = GetParam(), .archive = "kexec"});
    load_second_system(console, "-l", "second=1");
    console.launch();
    show_kernel_messages(console);
    console.type("kexec -e");
    console.serial().wait_for(kLeft, Seconds(60));
    console.wait_for_shell();
    console.must("grep second=1 /proc/cmdline && modprobe msr");
    expect_bare(console);
    console.launch();
    expect_under(console);
}

// The crash kernel boots as a guest and finds the old memory, save the VMM's.
TEST_P(Ends, CrashYieldsADump) {
    Console console({.kernel = GetParam(), .memory_mib = 768, .append = "crashkernel=256M", .archive = "kexec"});
    load_second_system(console, "-p", "second=1 nr_cpus=1 irqpoll reset_devices");
    EXPECT_EQ(console.must("cat /sys/kernel/kexec_crash_loaded"), "1\n");
    console.launch();
    console.type("echo 'last words before the crash' >/dev/kmsg; echo c >/proc/sysrq-trigger");
    console.wait_for_crash_kernel(Seconds(240));
    console.must("grep second=1 /proc/cmdline");
    // All of it can be read, VMM memory too, and the old kernel's log is in it.
    std::istringstream found(console.must_probe("search /proc/vmcore 'last words before the crash'", Seconds(240)));
    std::uint64_t bytes = 0;
    found >> bytes;
    EXPECT_GT(bytes, 400ull << 20);
    console.type("poweroff -f");
    console.wait_for_end(Seconds(60));
}

TEST_P(Ends, SleepIsRefused) {
    Console console({.kernel = GetParam()});
    console.launch();
    for (const char *state : {"mem", "disk", "freeze"}) {
        const Outcome outcome = console.run(fmt::format("echo {} >/sys/power/state", state));
        EXPECT_FALSE(outcome.ok()) << state;
    }
    expect_said(console, {"vmnix: "});
    expect_under(console);
    expect_works(console);
    console.leave();
    expect_bare(console);
}

INSTANTIATE_TEST_SUITE_P(Kernels, Ends, testing::Values("6.1", "6.12"),
                         [](const auto &info) { return info.index == 0 ? "Linux6_1" : "Linux6_12"; });

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

const std::string kBootFiles = "/boot/"; // where tests/machine/pack puts the second system

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
    Console console({.kernel = GetParam(), .carries_second_system = true});
    console.must(fmt::format("kexec -l {0}console.vmlinuz --initrd={0}console.cpio.gz --reuse-cmdline", kBootFiles),
                 Seconds(120));
    console.launch();
    show_kernel_messages(console);
    console.type("kexec -e");
    console.serial().wait_for(kLeft, Seconds(60));
    console.wait_for_shell();
    EXPECT_FALSE(console.run("test -e /dev/vmnix").ok());
    console.must("modprobe msr");
    EXPECT_FALSE(console.run("test -x /usr/lib/vmnix/tests/vmnix-probe").ok()); // the second system, not the first
    console.must("modprobe vmkmod");
    EXPECT_EQ(console.run("vmnix status").code, 0);
}

// The crash kernel boots as a guest and finds the old memory, save the VMM's.
TEST_P(Ends, CrashYieldsADump) {
    Console console({.kernel = GetParam(), .append = "crashkernel=256M", .carries_second_system = true});
    console.must(
        fmt::format("kexec -p {0}console.vmlinuz --initrd={0}console.cpio.gz --append='console=ttyS0 quiet nr_cpus=1 "
                    "irqpoll reset_devices'",
                    kBootFiles),
        Seconds(120));
    EXPECT_EQ(console.must("cat /sys/kernel/kexec_crash_loaded"), "1\n");
    console.launch();
    const auto info = console.info();
    console.type("echo c >/proc/sysrq-trigger");
    console.wait_for_crash_kernel(Seconds(240));
    // The whole of it can be read, and it is of the right size.
    const std::string dump = console.must("dd if=/proc/vmcore bs=1M 2>/dev/null | wc -c", Seconds(240));
    EXPECT_GT(std::stoull(dump), 500ull << 20) << dump;
    EXPECT_EQ(console.must("dd if=/proc/vmcore bs=1 skip=1 count=3 2>/dev/null"), "ELF");
    console.must("vmcore-dmesg /proc/vmcore >/tmp/old || strings /proc/vmcore | grep -q sysrq", Seconds(240));
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

// SPDX-License-Identifier: GPL-2.0-only
// Consoles that are replaced: by a newer kernel, after a crash kernel, many times over. A VM watches.
#include "tests/machine/suites/mortal_console.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

using namespace suites;

namespace {

const std::string kSet = "vmnix service-console set --limit off ";

std::uint64_t seconds_told(Vm &vm) {
    const std::string said = vm.log();
    const std::size_t at = said.rfind("second ");
    return at == std::string::npos ? 0 : std::stoull(said.substr(at + 7));
}

// It runs, and went on meanwhile.
void expect_alive(Console &console, Vm &vm, std::uint64_t before) {
    EXPECT_EQ(vm.state(), "running");
    console.must("sleep 1.2"); // it tells once a second
    EXPECT_GT(seconds_told(vm), before);
}

// The init of the one that ends may ask once more.
void wait_for_next(Console &console) {
    console.serial().wait_for("attached to VMM", Seconds(180));
    console.wait_for_shell(Seconds(180));
}

void expect_end(Console &console, const std::string &end) {
    EXPECT_EQ(nlohmann::json::parse(console.must("vmnix service-console status --json"))["last_end"], end);
}

// An adopted console is in charge: VMs end, the VMM goes, and the machine is its own.
void leave_for_good(Console &console) {
    console.must("vmnix service-console drop");
    expect_nothing_given(console);
    console.must("modprobe msr");
    console.leave();
    expect_bare(console);
}

} // namespace

// Orderly, by its services, with the kernel's own modules in the new initrd. A device that can be reset alone is, and
// has its addresses afterwards.
TEST(ConsoleMoves, ToANewerKernel) {
    Console console(
        {.kernel = "6.1",
         .memory_mib = 1280,
         .archive = "move",
         .emulator = {"-device", "pcie-root-port,id=express,slot=9", "-device", "virtio-rng-pci,bus=express"},
         .one_thread = true});
    const std::string resources = "cat $(grep -l 0x1044 /sys/bus/pci/devices/*/device | sed 's,device$,resource,')";
    const std::string before_reset = console.must(resources);
    console.launch();
    {
        ProgramVm vm(console, "beat", "beat 10");
        vm.wait_until_says("second 1 ");
        const std::uint64_t before = seconds_told(vm);
        console.must(kSet, Seconds(120));
        console.type("vmnix service-console restart --yes --kernel /boot/next.vmlinuz --initrd /boot/next.cpio.gz");
        wait_for_next(console);
        EXPECT_THAT(console.must("uname -r"), testing::StartsWith("6.12."));
        expect_end(console, "restart");
        EXPECT_THAT(console.must("vmnix dmesg"), testing::HasSubstr("PCI functions that are reset: 1"));
        EXPECT_EQ(console.must(resources), before_reset);
        expect_alive(console, vm, before);
        ProgramVm fresh(console, "fresh", "beat 10");
        fresh.wait_until_says("second 1 ");
    }
    leave_for_good(console);
}

// A crash kernel that was loaded comes first, as a guest that sees no VM; what follows it is the package.
TEST(ConsoleMoves, AfterACrashKernel) {
    Console console(
        {.kernel = "6.12", .memory_mib = 1536, .append = "crashkernel=256M", .archive = "kexec", .one_thread = true});
    console.must("kexec -p /boot/console.vmlinuz --initrd=/boot/initrd-6.12 --append='console=ttyS0 quiet second=1 "
                 "nr_cpus=1 irqpoll reset_devices'",
                 Seconds(120));
    console.launch();
    console.must(kSet + "--kernel /boot/console.vmlinuz --initrd /boot/initrd-6.12", Seconds(120));
    ProgramVm vm(console, "beat", "beat 10");
    vm.wait_until_says("second 1 ");
    const std::uint64_t before = seconds_told(vm);
    console.type("echo c >/proc/sysrq-trigger");
    console.wait_for_crash_kernel(Seconds(240));
    console.must("grep second=1 /proc/cmdline");
    console.type("reboot -f");
    wait_for_next(console);
    EXPECT_FALSE(console.run("grep second=1 /proc/cmdline").ok());
    expect_alive(console, vm, before);
}

// The next one finds ACPI's tables by what the package says, as no EFI tells it where they are, and does without the
// firmware's services.
TEST(ConsoleMoves, OnAnEfiMachine) {
    Console console({.memory_mib = 1280,
                     .archive = "kexec",
                     .emulator = {"-drive", "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd"},
                     .one_thread = true});
    console.must("ls /sys/firmware/efi/runtime-map");
    const std::string tables = console.must("ls /sys/firmware/acpi/tables"), cpus = console.must("nproc");
    console.launch();
    EXPECT_THAT(console.must(kSet + "--kernel /boot/console.vmlinuz --initrd /boot/initrd-6.12 2>&1", Seconds(120)),
                testing::HasSubstr("without EFI's runtime services"));
    {
        ProgramVm vm(console, "beat", "beat 10");
        vm.wait_until_says("second 1 ");
        const std::uint64_t before = seconds_told(vm);
        console.type("echo c >/proc/sysrq-trigger");
        console.wait_for_crash_kernel(Seconds(180)); // which there is not: the restarted console is what asks next
        EXPECT_FALSE(console.run("ls /sys/firmware/efi").ok());
        EXPECT_EQ(console.must("ls /sys/firmware/acpi/tables"), tables);
        EXPECT_EQ(console.must("nproc"), cpus);
        expect_end(console, "panic");
        expect_alive(console, vm, before);
    }
    leave_for_good(console);
}

// By the accounts of both sides; a page more or less is where the kernel put itself this time. Fifty times in
// `make test-all`.
TEST(ConsoleMoves, LeakNothing) {
    const unsigned restarts = whole_matrix() ? 50 : 3;
    MortalConsole console;
    nlohmann::json accounts;
    unsigned total = 0; // KiB
    for (unsigned i = 0; i < restarts; ++i) {
        SCOPED_TRACE(fmt::format("restart {}", i + 1));
        ASSERT_EQ(console.suffer(fault("order"), i), MortalConsole::Outcome::CameBack) << console.serial().tail(4000);
        nlohmann::json now = expect_memory_adds_up(console);
        const auto kib =
            static_cast<unsigned>(std::stoul(console.must("awk '/^MemTotal/ { print $2 }' /proc/meminfo")));
        if (i == 0) {
            accounts = now;
            total = kib;
        }
        EXPECT_EQ(now, accounts);
        EXPECT_NEAR(kib, total, 8);
        const Witnessed seen = console.witness();
        EXPECT_THAT(seen.harm, testing::IsEmpty());
    }
    console.remove_witnesses();
    leave_for_good(console);
}

// SPDX-License-Identifier: GPL-2.0-only
// What a guest kernel can be told, and how it can end.
#include "tests/machine/suites/guest_vm.hpp"

using namespace suites;

namespace {

struct Variant {
    const char *append;
    const char *processors;
    std::vector<std::string> expected; // in the guest's log
};

// Each leaves Linux another way to its timers and interrupts.
const Variant kVariants[] = {
    // Its TSC it measures against another timer, and gives it up when its CPU was away too often meanwhile.
    {"no-kvmclock",
     "2",
     {"could not calculate TSC khz", "timekeeping watchdog on CPU",
      "Marking TSC unstable due to clocksource watchdog"}},
    {"noapic", "2", {}},
    {"nolapic", "1", {}},
    {"acpi=off", "2", {}},
    {"nox2apic", "2", {}},
    {"nosmp", "1", {}},
};

} // namespace

class VmGuests : public testing::Test {
  public:
    static void SetUpTestSuite() {
        console = std::make_unique<Console>(Description{.one_thread = true});
        console->launch();
    }
    static void TearDownTestSuite() {
        expect_nothing_given(*console);
        expect_clean_log(*console);
        console->leave();
        console.reset();
    }
    static inline std::unique_ptr<Console> console;
};

TEST_F(VmGuests, TakeOtherWaysToTheirDevices) {
    for (const Variant &variant : kVariants) {
        SCOPED_TRACE(variant.append);
        GuestVm guest(*console, {.vcpus = 2, .append = variant.append});
        EXPECT_EQ(guest.must("grep -c ^processor /proc/cpuinfo"), std::string(variant.processors) + "\n");
        // Its timers come, and at the right rate.
        ClockCheck clocks(*console);
        const double before = std::stod(guest.must("cut -d ' ' -f 1 /proc/uptime"));
        const auto start = std::chrono::steady_clock::now();
        guest.must("for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.2; done");
        const double passed = std::stod(guest.must("cut -d ' ' -f 1 /proc/uptime")) - before;
        const double ours = Seconds(std::chrono::steady_clock::now() - start).count();
        EXPECT_GE(passed, 1.9);
        EXPECT_LE(passed, ours + 1.5);
        clocks.expect_true();
        expect_echo(guest);
        guest.expect_clean_log(variant.expected);
    }
}

// Four processors of a test kernel read it one after the other.
TEST_F(VmGuests, ClockNeverGoesBack) {
    ProgramVm vm(*console, "clock", "clock 3000", 4);
    EXPECT_EQ(vm.wait_for_end(), "powered_off: ");
    EXPECT_TRUE(vm.says("\ndone")) << vm.log();
    EXPECT_GT(vm.number("readings"), 10000u);
    EXPECT_GT(vm.number("handovers"), 50u);
}

TEST_F(VmGuests, Reboot) {
    GuestVm guest(*console, {});
    guest.type("reboot");
    EXPECT_EQ(guest.wait_for_end(), "rebooted: ");
}

TEST_F(VmGuests, PanicThatReboots) {
    GuestVm guest(*console, {.append = "panic=1"});
    guest.type("echo c >/proc/sysrq-trigger");
    EXPECT_EQ(guest.wait_for_end(), "rebooted: ");
    EXPECT_NE(guest.screen().find("kernel panic"), std::string::npos) << guest.screen();
}

// A guest that panics and stays is the user's to end; the console is still told why.
TEST_F(VmGuests, PanicThatStays) {
    GuestVm guest(*console, {});
    guest.type("echo c >/proc/sysrq-trigger");
    guest.wait_for("not syncing: sysrq triggered crash", "---[ end ");
    EXPECT_EQ(guest.state(), "running");
    console->must("vmnix kill web");
    EXPECT_EQ(guest.wait_for_end(), "killed: ");
}

TEST_F(VmGuests, TripleFault) {
    GuestVm guest(*console, {.append = "reboot=t"});
    guest.type("reboot -f");
    const std::string ending = guest.wait_for_end();
    EXPECT_TRUE(ending.starts_with("crashed: ")) << ending;
    EXPECT_NE(ending.find("triple fault"), std::string::npos) << ending;
    const std::string list = console->must("vmnix list --all");
    EXPECT_NE(list.find("triple fault"), std::string::npos) << list;
}

// SPDX-License-Identifier: GPL-2.0-only
// The harness itself, on the bare console machine: if these fail, nothing else is worth a look.
#include "tests/machine/suites/console.hpp"

#include "tests/machine/harness/host.hpp"

using namespace suites;

class Smoke : public testing::TestWithParam<const char *> {};

TEST_P(Smoke, BootsRunsAndPowersOff) {
    Machine machine({.kernel = GetParam()});
    EXPECT_TRUE(machine.must("uname -r").starts_with(GetParam()));
    EXPECT_EQ(machine.must("nproc"), "2\n");
    EXPECT_EQ(machine.run("false").code, 1);
    EXPECT_EQ(machine.must("printf 'a\\nb'"), "a\nb");
    EXPECT_THROW(machine.run("sleep 60", Seconds(1)), harness::Timeout);
    machine.reset();
    machine.wait_for_shell();
    EXPECT_EQ(machine.monitor("query-status")["status"], "running");
    machine.type("poweroff -f");
    machine.wait_for_end(Seconds(30));
}

// Each check of the suites says no where it must.
TEST_P(Smoke, ChecksCanFail) {
    Console console({.kernel = GetParam()});
    expect_bare(console);
    expect_works(console);
    EXPECT_EQ(console.probe("signature under").code, 1);
    // kvm turns virtualisation on when a VM is made, and Linux 6.12 already when kvm is loaded.
    console.must("modprobe kvm_amd");
    console.start("vm", kProbe + "kvm-hold");
    console.wait_until_says("vm", "held");
    EXPECT_EQ(console.probe("svme-clear").code, 1);
    console.stop("vm");
    console.must("rmmod kvm_amd");
    EXPECT_EQ(console.probe("svme-clear").code, 0);
    // Two clocks of one machine that was stopped for a while differ from ours.
    ClockCheck clocks(console);
    clocks.expect_true();
    console.must("echo 'WARNING: only a test' >/dev/kmsg");
    EXPECT_NE(console.kernel_log().find("WARNING"), std::string::npos);
    expect_clean_log(console);
}

// What the test module reads is what the emulator reads: the controls of the tests that look for VMM memory.
TEST_P(Smoke, TestModule) {
    Console console({.kernel = GetParam()});
    console.load_poke();
    constexpr std::uint64_t kAddress = 0x1000000; // the kernel's text, which every kernel has mapped there or free
    const std::uint64_t word = console.read_word(kAddress);
    std::istringstream views(console.must_probe("read 0x1000000"));
    for (std::string value; std::getline(views, value);)
        EXPECT_EQ(std::stoull(value, nullptr, 16), word);
    EXPECT_EQ(console.must_probe("vmmcall 0 0"), "fault\n");
    EXPECT_EQ(console.probe("instructions").code, 0) << "EFER.SVME is clear: all of them fault";
    std::istringstream scan(console.must_probe("scan 0 0x80000000 0", Seconds(120)));
    std::uint64_t zeros = 0;
    scan >> zeros;
    EXPECT_GT(zeros, 10000u); // most of a machine's memory is untouched
    EXPECT_GT(std::stoull(console.must_probe("fragment", Seconds(120))), 100u);
    console.must_probe("defragment");
    expect_works(console);
    expect_clean_log(console);
}

TEST_P(Smoke, TwoMachinesTalk) {
    harness::Places places(2);
    const std::string socket = harness::Host::instance().folder() / harness::Host::instance().unique("link");
    Console one(
        {.kernel = GetParam(), .cpus = 1, .nics = {{.socket = socket, .listens = true}}, .shares_places = true});
    Console two({.kernel = GetParam(), .cpus = 1, .nics = {{.socket = socket}}, .shares_places = true});
    one.must("modprobe e1000 && ip link set eth0 up && ip addr add 10.0.0.1/24 dev eth0");
    two.must("modprobe e1000 && ip link set eth0 up && ip addr add 10.0.0.2/24 dev eth0");
    two.must("ping -c 1 -w 10 10.0.0.1");
    const auto flood = nlohmann::json::parse(two.must_probe("flood 10.0.0.1 2"));
    EXPECT_GT(flood["received"].get<unsigned>(), 500u) << flood;
}

INSTANTIATE_TEST_SUITE_P(Kernels, Smoke, testing::Values("6.1", "6.12"),
                         [](const auto &info) { return info.index == 0 ? "Linux6_1" : "Linux6_12"; });

// SPDX-License-Identifier: GPL-2.0-only
// The console goes on with everything that Linux does to a machine: CPUs go and come, interrupts of all kinds arrive.
#include "tests/machine/suites/console.hpp"

#include "tests/machine/harness/host.hpp"
#include "vmnix/abi/hypercall/hypercall.h"

#include <fmt/format.h>
#include <thread>

using namespace suites;

namespace {

void set_online(Console &console, unsigned cpu, bool online) {
    console.must(fmt::format("echo {} >/sys/devices/system/cpu/cpu{}/online", online ? 1 : 0, cpu));
}

} // namespace

class Running : public testing::TestWithParam<Description> {};

TEST_P(Running, CpusGoOffAndComeBack) {
    Console console(GetParam());
    console.launch();
    for (unsigned round = 0; round < 3; ++round)
        for (unsigned cpu = 1; cpu < GetParam().cpus; ++cpu) {
            set_online(console, cpu, false);
            expect_under(console);
            set_online(console, cpu, true);
            expect_under(console);
        }
    expect_works(console);
    expect_clean_log(console);
    // A CPU that is offline when the VMM is left comes back first.
    set_online(console, 1, false);
    console.leave();
    expect_bare(console);
    set_online(console, 1, true);
    expect_works(console);
    expect_clean_log(console);
}

TEST_P(Running, WorkSpreadsOverCpus) {
    Console console(GetParam());
    console.launch();
    for (unsigned cpu = 0; cpu < GetParam().cpus; ++cpu)
        console.must(fmt::format("taskset -c {} sh -c 'for i in $(seq 20); do /bin/true; done'", cpu));
    // Moving one process around needs the other CPU to be woken each time.
    console.must(fmt::format("sleep 30 & p=$!; for i in $(seq 40); do taskset -pc $((i % {})) $p >/dev/null || exit 1; "
                             "done; kill $p",
                             GetParam().cpus));
    const auto stats = console.stats();
    for (const auto &cpu : stats)
        EXPECT_GT(cpu["ipis"].get<std::uint64_t>(), 0u) << cpu;
    expect_clean_log(console);
    console.leave();
    expect_bare(console);
}

TEST_P(Running, NmisReachLinux) {
    Console console(GetParam());
    console.launch();
    const std::uint64_t before = console.nmi_count(0);
    constexpr unsigned kNmis = 5;
    for (unsigned i = 0; i < kNmis; ++i) {
        console.inject_nmi();
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    EXPECT_EQ(console.nmi_count(0), before + kNmis);
    // NMIs between CPUs: Linux asks the others for a backtrace by one, whichever CPU the shell is on. What it writes
    // whatever the log level must not meet the shell's own lines.
    const std::uint64_t others = console.nmi_count(0) + console.nmi_count(1);
    console.must("sleep 0.5; echo l >/proc/sysrq-trigger; sleep 1");
    EXPECT_GT(console.nmi_count(0) + console.nmi_count(1), others);
    expect_under(console);
    expect_works(console);
    expect_clean_log(console, {"NMI received for unknown reason", "Call Trace", "NMI backtrace"});
    console.leave();
    expect_bare(console);
}

INSTANTIATE_TEST_SUITE_P(Machines, Running,
                         testing::Values(Description{.kernel = "6.12", .cpus = 2},
                                         Description{.kernel = "6.1", .cpus = 2, .x2apic = true}),
                         [](const auto &info) { return info.index == 0 ? "Linux6_12_xapic" : "Linux6_1_x2apic"; });

// Two cards on one level-triggered line, both flooded: an interrupt that is lost or never ends stops the flood.
class SharedLine : public testing::TestWithParam<const char *> {};

TEST_P(SharedLine, UnderFlood) {
    harness::Places places(2);
    auto &host = harness::Host::instance();
    const std::string first = host.folder() / host.unique("link"), second = host.folder() / host.unique("link");
    Console peer({.kernel = GetParam(),
                  .cpus = 1,
                  .nics = {{.socket = first, .listens = true}, {.socket = second, .listens = true, .slot = 0x11}},
                  .shares_places = true});
    // Slots that are equal modulo 4 share a line.
    Console console({.kernel = GetParam(),
                     .append = "pci=nomsi",
                     .nics = {{.socket = first, .slot = 0x10}, {.socket = second, .slot = 0x14}},
                     .one_thread = true,
                     .shares_places = true});
    const auto bring_up = [](Console &machine, unsigned host_number) {
        machine.must("modprobe e1000");
        for (unsigned card : {0, 1})
            machine.must(
                fmt::format("ip link set eth{0} up && ip addr add 10.0.{0}.{1}/24 dev eth{0}", card, host_number));
    };
    bring_up(peer, 1);
    bring_up(console, 2);
    ASSERT_TRUE(console.run("grep -E 'eth0.*eth1|eth1.*eth0' /proc/interrupts").ok())
        << console.must("cat /proc/interrupts");
    console.must("ping -c 1 -w 10 10.0.0.1 && ping -c 1 -w 10 10.0.1.1");
    console.launch();
    for (const char *card : {"0", "1"})
        console.start(card, kProbe + fmt::format("flood 10.0.{}.1 5", card));
    for (const char *card : {"0", "1"}) {
        const auto flood = nlohmann::json::parse(console.finish(card));
        EXPECT_GT(flood["received"].get<unsigned>(), 500u) << flood;
    }
    expect_clean_log(console);
    // Leaving in the middle of it, and launching again.
    for (const char *card : {"0", "1"})
        console.start(card, kProbe + fmt::format("flood 10.0.{}.1 10", card));
    console.leave();
    expect_bare(console);
    console.launch();
    for (const char *card : {"0", "1"})
        console.finish(card);
    EXPECT_TRUE(console.run("ping -c 1 -w 10 10.0.0.1 && ping -c 1 -w 10 10.0.1.1").ok());
    expect_clean_log(console);
}

INSTANTIATE_TEST_SUITE_P(Kernels, SharedLine, testing::Values("6.12"), [](const auto &) { return "Linux6_12"; });

// SPDX-License-Identifier: GPL-2.0-only
// VMs and a busy console beside one another: nobody waits too long, and clocks go right.
#include "tests/machine/suites/guest_vm.hpp"

#include "tests/machine/harness/host.hpp"

#include <fmt/format.h>

using namespace suites;

namespace {

// The longest time between two beats, by the guest's own clock, in seconds; busybox's sleep adds some itself.
double longest_gap(GuestVm &guest, unsigned seconds) {
    const std::string beats = guest.must(
        fmt::format("end=$(($(cut -d . -f 1 /proc/uptime) + {})); while read up idle </proc/uptime && [ ${{up%.*}} -lt "
                    "$end ]; do echo $up; sleep 0.05; done; cut -d ' ' -f 1 /proc/uptime",
                    seconds),
        Seconds(60 + 4 * seconds));
    std::istringstream in(beats);
    double longest = 0, last = 0;
    unsigned count = 0;
    for (double now = 0; in >> now; last = now, ++count)
        if (last > 0)
            longest = std::max(longest, now - last);
    EXPECT_GT(count, seconds); // on a busy host
    return longest;
}

void expect_same_rate(GuestVm &guest) {
    const auto uptime = [&] { return std::stod(guest.must("cut -d ' ' -f 1 /proc/uptime")); };
    const auto start = std::chrono::steady_clock::now();
    const double before = uptime();
    const auto started = std::chrono::steady_clock::now();
    guest.must("sleep 5");
    const auto ending = std::chrono::steady_clock::now();
    const double passed = uptime() - before;
    const auto end = std::chrono::steady_clock::now();
    EXPECT_GE(passed, Seconds(ending - started).count() - 0.1);
    EXPECT_LE(passed, Seconds(end - start).count() + 0.1);
}

// How long the console is loaded: ten minutes in make test-all. VMNIX_LOAD_SECONDS says otherwise.
unsigned load_seconds() {
    const char *asked = std::getenv("VMNIX_LOAD_SECONDS");
    return asked ? static_cast<unsigned>(std::atoi(asked)) : whole_matrix() ? 600 : 5;
}

// The load goes on, and so does the VM.
void expect_beats_under_load(Console &console, GuestVm &beating) {
    constexpr unsigned kRound = 5;
    const unsigned rounds = (load_seconds() + kRound - 1) / kRound;
    double longest = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        expect_answers(console);
        longest = std::max(longest, longest_gap(beating, kRound));
    }
    EXPECT_LT(longest, kStall.count());
    std::cout << fmt::format("[   INFO   ] {} s of load, longest gap of a VM {:.2f} s\n", rounds * kRound, longest);
}

} // namespace

// The console floods another machine with pings and forks on both CPUs while two VMs run, one of which spins.
TEST(VmBeside, ConsoleUnderLoad) {
    harness::Places places(2);
    const std::string socket = harness::Host::instance().folder() / harness::Host::instance().unique("link");
    Console peer({.cpus = 1, .nics = {{.socket = socket, .listens = true}}, .shares_places = true});
    Console console({.nics = {{.socket = socket}}, .one_thread = true, .shares_places = true});
    peer.must("modprobe e1000 && ip link set eth0 up && ip addr add 10.0.0.1/24 dev eth0");
    console.must("modprobe e1000 && ip link set eth0 up && ip addr add 10.0.0.2/24 dev eth0");
    console.must("ping -c 1 -w 10 10.0.0.1");
    console.kernel_log();
    console.launch();
    ClockCheck clocks(console);
    GuestVm beating(console, {.name = "beating", .vcpus = 2});
    GuestVm spinning(console, {.name = "spinning", .vcpus = 2});
    spinning.must("for i in 1 2; do while :; do :; done & echo $! >>/tmp/busy; done");

    EXPECT_LT(longest_gap(beating, 5), 1.0);
    expect_same_rate(beating);
    const Outcome timers = console.probe("timers 3 1000"); // milliseconds
    EXPECT_TRUE(timers.ok()) << timers.output;
    expect_works(console);

    const std::string long_enough = std::to_string(300 + 4 * load_seconds());
    console.start("flood", kProbe + "flood 10.0.0.1 " + long_enough);
    console.start("busy", kProbe + "busy " + long_enough);
    expect_beats_under_load(console, beating);
    expect_same_rate(beating);
    expect_answers(console);
    EXPECT_TRUE(console.runs("busy"));
    console.must("kill -INT $(cat /tmp/flood.pid)");
    const auto flood = nlohmann::json::parse(console.finish("flood"));
    EXPECT_GT(flood["received"].get<unsigned>(), 200u) << flood;
    console.stop("busy");

    clocks.expect_true();
    spinning.must("kill $(cat /tmp/busy)");
    for (GuestVm *guest : {&beating, &spinning}) {
        expect_echo(*guest);
        guest->expect_clean_log();
        console.must("vmnix kill " + guest->name());
    }
    expect_clean_log(console);
}

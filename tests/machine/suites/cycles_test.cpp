// SPDX-License-Identifier: GPL-2.0-only
// Launch and leave again and again while the machine works: what a cycle leaves behind, the next ones find.
#include "tests/machine/suites/console.hpp"

#include "tests/machine/harness/host.hpp"

#include <fmt/format.h>

using namespace suites;

namespace {

unsigned cycles() {
    return whole_matrix() ? 100 : 10;
}

void bring_up_network(Console &console, const std::string &address) {
    console.must("modprobe e1000 && ip link set eth0 up && ip addr add " + address + "/24 dev eth0");
}

void one_cycle(Console &console) {
    console.launch();
    expect_under(console);
    EXPECT_TRUE(console.probe("timers 1").ok());
    expect_answers(console);
    console.leave();
    expect_bare(console);
    expect_answers(console);
}

} // namespace

class Cycles : public testing::TestWithParam<const char *> {};

// The machine that is launched floods another with pings throughout and forks on every CPU. (A flood that it did not
// send itself could leave its programs no CPU: an exit is dear on an emulator.)
TEST_P(Cycles, UnderLoad) {
    harness::Places places(2);
    const std::string socket = harness::Host::instance().folder() / harness::Host::instance().unique("link");
    Console peer(
        {.kernel = GetParam(), .cpus = 1, .nics = {{.socket = socket, .listens = true}}, .shares_places = true});
    Console console(
        {.kernel = GetParam(), .cpus = 2, .nics = {{.socket = socket}}, .one_thread = true, .shares_places = true});
    bring_up_network(peer, "10.0.0.1");
    bring_up_network(console, "10.0.0.2");
    console.must("ping -c 1 -w 10 10.0.0.1");
    console.kernel_log();

    const unsigned seconds = whole_matrix() ? 3000 : 300;
    console.start("flood", kProbe + fmt::format("flood 10.0.0.1 {}", seconds));
    console.start("busy", kProbe + fmt::format("busy {}", seconds));
    ClockCheck clocks(console);
    for (unsigned i = 0; i < cycles(); ++i) {
        SCOPED_TRACE(fmt::format("cycle {}", i));
        one_cycle(console);
        expect_clean_log(console);
        if (HasFailure())
            return;
    }
    clocks.expect_true();

    // The flood went on through all of it, and so did the work.
    EXPECT_TRUE(console.runs("busy"));
    ASSERT_TRUE(console.runs("flood"));
    console.must("kill -INT $(cat /tmp/flood.pid)");
    const auto flood = nlohmann::json::parse(console.finish("flood"));
    EXPECT_GT(flood["received"].get<unsigned>(), 100 * cycles()) << flood;
}

INSTANTIATE_TEST_SUITE_P(Kernels, Cycles, testing::Values("6.1", "6.12"),
                         [](const auto &info) { return info.index == 0 ? "Linux6_1" : "Linux6_12"; });

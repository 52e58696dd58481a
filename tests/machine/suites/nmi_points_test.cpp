// SPDX-License-Identifier: GPL-2.0-only
// An NMI at successive instructions of hand-over and leave. At each of them it must be kept for Linux: exactly one more
// is counted there, and the launch or the leave goes on as if nothing had come.
#include "tests/machine/suites/console.hpp"

#include "tests/machine/harness/debugger.hpp"
#include "tests/machine/harness/host.hpp"
#include "tests/machine/harness/paths.hpp"

#include "vmnix/abi/handover/handover.h"

#include <cerrno>
#include <cstdio>
#include <fmt/format.h>
#include <functional>
#include <thread>

using namespace suites;
using namespace std::chrono_literals;

namespace {

constexpr unsigned kCpu = 0; // the one whose LINT1 is wired to the NMI line

// Address of a function of the image, by the name that the compiler gave it.
std::uint64_t symbol(const std::string &name) {
    const std::string command = "nm " + (harness::paths::build() / "vmkernel").string();
    std::unique_ptr<std::FILE, int (*)(std::FILE *)> pipe(popen(command.c_str(), "r"), pclose);
    char line[4096];
    while (std::fgets(line, sizeof line, pipe.get())) {
        std::istringstream in(line);
        std::string address, kind, found;
        in >> address >> kind >> found;
        if (found == name)
            return std::stoull(address, nullptr, 16);
    }
    throw std::runtime_error("no symbol " + name);
}

// Distances in instructions from a breakpoint: each of the first ones, then ever wider apart.
std::vector<unsigned> distances() {
    std::vector<unsigned> all;
    const double growth = whole_matrix() ? 1.03 : 2.0;
    for (double at = 0; at < 3000; at = std::max(at + (whole_matrix() ? 1 : 4), at * growth))
        all.push_back(static_cast<unsigned>(at));
    return all;
}

} // namespace

class NmiPoints : public testing::Test {
  protected:
    NmiPoints() : console({.emulator = {"-gdb", "unix:path=" + socket() + ",server=on,wait=off"}}) {}

    static const std::string &socket() {
        static const std::string path = harness::Host::instance().folder() / "debug";
        return path;
    }

    // Runs `command`, stops CPU 0 at the place, goes `distance` instructions on, and lets the NMI come there.
    void nmi_during(const std::string &command, std::uint64_t place, unsigned passes, unsigned distance) {
        const std::uint64_t before = console.nmi_count(kCpu);
        harness::Debugger debugger(socket());
        debugger.set_breakpoint(place);
        debugger.go();
        // Not start(): the machine may stop before the shell has an answer.
        console.type("{ " + command + "; } >/tmp/command 2>&1 & echo $! >/tmp/command.pid");
        for (unsigned pass = 0; pass < passes; ++pass)
            pass == 0 ? wait_for_cpu(debugger) : debugger.run_to(kCpu, 60s);
        debugger.clear_breakpoint();
        for (unsigned i = 0; i < distance; ++i)
            debugger.step(kCpu);
        const std::uint64_t where = debugger.instruction_pointer(kCpu);
        console.inject_nmi();
        debugger.go();
        // Another CPU may have come to the place at the same time, which the port tells only now.
        while (debugger.stops_within(500ms))
            debugger.go();
        EXPECT_EQ(console.finish("command"), "") << fmt::format("NMI at {:#x}", where);
        EXPECT_EQ(console.nmi_count(kCpu), before + 1) << fmt::format("NMI at {:#x}", where);
    }

    // Loads the module, which is refused, all CPUs open to NMIs; lets one come `distance` instructions after the place
    // at which `choose` points, told where the stub's way out is. Each place is passed twice: by the initialisation
    // too.
    void nmi_without_gif(const std::function<std::uint64_t(std::uint64_t)> &choose, unsigned distance) {
        const std::uint64_t before = console.nmi_count(kCpu);
        harness::Debugger debugger(socket());
        debugger.set_breakpoint(symbol("vmm_return")); // of the initialisation; two instructions before the stub
        debugger.go();
        console.type("{ " + kOpen + "; } >/tmp/command 2>&1 & echo $! >/tmp/command.pid");
        wait_for_cpu(debugger);
        debugger.clear_breakpoint();
        debugger.step(kCpu);
        debugger.step(kCpu);
        const std::uint64_t stub_leave = debugger.instruction_pointer(kCpu);
        debugger.step(kCpu); // off a place where it stands already
        debugger.set_breakpoint(choose(stub_leave));
        debugger.go();
        wait_for_cpu(debugger);
        debugger.clear_breakpoint();
        for (unsigned i = 0; i < distance; ++i)
            debugger.step(kCpu);
        const std::uint64_t where = debugger.instruction_pointer(kCpu);
        console.inject_nmi();
        debugger.go();
        while (debugger.stops_within(500ms))
            debugger.go();
        EXPECT_EQ(console.finish("command"), "") << fmt::format("NMI at {:#x}", where);
        EXPECT_EQ(console.nmi_count(kCpu), before + 1) << fmt::format("NMI at {:#x}, stub {:#x}", where, stub_leave);
    }

    static void wait_for_cpu(harness::Debugger &debugger) {
        if (debugger.wait_for_stop(60s) != kCpu)
            debugger.run_to(kCpu, 60s);
    }

    const std::string kOpen =
        "taskset -c 0 " + kProbe + "insmod " + kModule +
        fmt::format("timeout_ms=20000 fault_step={} fault_cpu=0 fault_mode={} | grep -v '^{} '",
                    static_cast<int>(VMNIX_STEP_COMMIT), static_cast<int>(VMNIX_FAULT_OPEN), ECANCELED);

    std::uint64_t stub_leave() {
        return std::stoull(console.must("grep -w vmnix_stub_leave /proc/kallsyms"), nullptr, 16);
    }

    Console console;
};

// On one CPU's clock: the initialisation runs where the module is loaded, the hand-over and the leave everywhere.
TEST_F(NmiPoints, OfInitialisation) {
    const std::string insmod = "taskset -c 0 " + kProbe + "insmod " + kModule + "timeout_ms=20000";
    for (unsigned distance : {0u, 3u, 50u, 500u, 5000u}) {
        SCOPED_TRACE(fmt::format("{} instructions in", distance));
        nmi_during(insmod, symbol("vmm_entry"), 1, distance);
        expect_under(console);
        console.leave();
        if (HasFailure())
            return;
    }
    expect_clean_log(console, {"NMI received for unknown reason"});
}

TEST_F(NmiPoints, OfHandoverAndLeave) {
    const std::string insmod = "taskset -c 0 " + kProbe + "insmod " + kModule + "timeout_ms=20000";
    const std::string rmmod = kProbe + "rmmod vmkmod";
    unsigned round = 0;
    for (unsigned distance : distances()) {
        SCOPED_TRACE(fmt::format("{} instructions in", distance));
        nmi_during(insmod, symbol("vmm_entry"), 2, distance); // the first pass is the initialisation
        expect_under(console);
        // From the agreement on, or the last instructions of all, behind which the machine is Linux's again.
        if (round++ % 2 == 0)
            nmi_during(rmmod, symbol("_ZN3vmm14agree_to_leaveERNS_3CpuE"), 1, distance);
        else
            nmi_during(rmmod, stub_leave(), 1, distance % 40);
        expect_bare(console);
        if (HasFailure())
            return;
    }
    expect_works(console);
    expect_clean_log(console, {"NMI received for unknown reason"});
}

// A CPU without a GIF, as far as this one can play it: there and back, since a guest could not be run so.
TEST_F(NmiPoints, OfALaunchThatFailsWithoutAGif) {
    const auto check = [&](const std::function<std::uint64_t(std::uint64_t)> &choose, unsigned distance) {
        SCOPED_TRACE(fmt::format("{} instructions in", distance));
        nmi_without_gif(choose, distance);
        expect_bare(console);
        return !HasFailure();
    };
    const auto way_in = [](std::uint64_t stub) { return stub & ~0xfffull; }; // the page's first function
    const auto way_out = [](std::uint64_t stub) { return stub; };
    const auto vmm = [](std::uint64_t) { return symbol("vmm_entry"); };
    // From the stub's own tables to the VMM, one by one; the first instructions are as good as Linux's own.
    for (unsigned distance = whole_matrix() ? 0 : 36; distance < (whole_matrix() ? 58 : 48); ++distance)
        if (!check(way_in, distance))
            return;
    for (unsigned distance : distances())
        if (!check(vmm, distance))
            return;
    for (unsigned distance = 0; distance < 45; distance += whole_matrix() ? 1 : 3)
        if (!check(way_out, distance))
            return;
    expect_works(console);
    expect_clean_log(console, {"NMI received for unknown reason", "failed: a test asked for this failure"});
}

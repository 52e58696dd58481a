// SPDX-License-Identifier: GPL-2.0-only
// A console dies in different ways, one after the other; each time the next one is in charge of the VMs that lived on.
#include "tests/machine/suites/mortal_console.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

using namespace suites;

namespace {

// A VM's longest wait for a CPU while a console ends and the next one begins; at 16 ns, 12.5 M instructions.
constexpr double kPauseMs = 200;
constexpr unsigned kNsPerInstruction = 16;

// By this console, on a VM of its own and on one of those from before.
void expect_in_charge(MortalConsole &console, unsigned number) {
    const std::string name = fmt::format("new{}", number);
    ProgramVm vm(console, name, "spin");
    EXPECT_EQ(vm.state(), "running");
    EXPECT_NE(console.must("vmnix list --names").find("remember"), std::string::npos);
    // A console of a VM from before, until the next line that it says.
    const Outcome joined = console.run("vmnix console beat --timeout 3s </dev/zero | grep -m 1 -o 'gap [0-9]* us'");
    EXPECT_EQ(joined.output.substr(0, 4), "gap ") << joined.output;
    vm.kill();
    EXPECT_NE(vm.wait_for_end(), "");
    console.must("vmnix rm " + name);
    expect_memory_adds_up(console);
}

void die_and_come_back(MortalConsole &console, const std::string &name, unsigned seed) {
    SCOPED_TRACE(name);
    const Fault &kind = fault(name);
    const unsigned before = console.generation();
    const auto began = std::chrono::steady_clock::now();
    ASSERT_EQ(console.suffer(kind, seed), MortalConsole::Outcome::CameBack) << console.serial().tail(4000);
    const Seconds took = std::chrono::steady_clock::now() - began;
    const auto status = console.status();
    EXPECT_GT(status["generation"], before);
    EXPECT_LE(status["generation"], before + kind.deaths);
    if (!kind.ends.empty()) {
        EXPECT_NE(std::find(kind.ends.begin(), kind.ends.end(), status["last_end"]), kind.ends.end()) << status;
    }
    EXPECT_TRUE(console.was_told(kind, seed));
    if (status["last_end"] == "watchdog") { // it was asked where it is, and said so
        EXPECT_THAT(console.must("vmnix service-console log --previous"),
                    testing::ContainsRegex("takes no interrupts: [^\n]* at [^\n]*vmnix_poke"));
    }
    console.must("sleep 1.2"); // each tells once a second
    const Witnessed seen = console.witness();
    for (const std::string &harm : seen.harm)
        ADD_FAILURE() << harm;
    if (console.description().ns_per_instruction) { // otherwise it holds what the emulator's own host took
        EXPECT_LT(seen.gap_ms, kPauseMs);
    }
    std::cout << fmt::format("[   INFO   ] {}: the next shell after {:.1f} s, longest gap of a VM {:.1f} ms\n", name,
                             took.count(), seen.gap_ms);
    expect_in_charge(console, seed);
}

void die_one_by_one(MortalConsole &console, const std::vector<std::string> &names) {
    unsigned seed = 1;
    for (const std::string &name : names)
        ASSERT_NO_FATAL_FAILURE(die_and_come_back(console, name, seed++));
}

} // namespace

TEST(ConsoleRestart, SixDeaths) {
    MortalConsole console;
    ASSERT_NO_FATAL_FAILURE(
        die_one_by_one(console, {"triple-fault", "loop-all", "port-cf9", "stack", "power-off", "inside-run"}));
    console.remove_witnesses();
    expect_nothing_given(console);
    console.must("vmnix service-console drop");
    expect_nothing_given(console);
    EXPECT_EQ(expect_memory_adds_up(console)["given"], 0);
}

// On a machine whose clock is its instructions; nothing but the VMM and the consoles takes a VM's time there.
TEST(ConsoleCounted, NoVmPauses) {
    MortalConsole console({.ns_per_instruction = kNsPerInstruction});
    ASSERT_NO_FATAL_FAILURE(die_one_by_one(console, {"sysrq", "order", "silent-programs"}));
}

// SPDX-License-Identifier: GPL-2.0-only
// Two VMs and the console on one CPU, each with patterns of its own in every register that is exchanged between them.
#include "tests/machine/suites/vm.hpp"

using namespace suites;

TEST(VmState, NothingOfItChangesInOthersTurns) {
    constexpr unsigned kLeastSwitches = 10;
    Console console({.cpus = 1, .one_thread = true});
    console.launch();
    ProgramVm one(console, "one", "canary 1 8000"), two(console, "two", "canary 2 8000");
    const Outcome ours = console.probe("canary 6 0 3");
    EXPECT_TRUE(ours.ok()) << ours.output;
    EXPECT_EQ(two.state(), "running");
    std::cout << "[   INFO   ] the console: " << ours.output;
    for (ProgramVm *vm : {&one, &two}) {
        EXPECT_EQ(vm->wait_for_end(), "powered_off: ");
        EXPECT_TRUE(vm->says("\ndone")) << vm->log();
        EXPECT_GT(vm->number("switches"), kLeastSwitches);
        std::cout << "[   INFO   ] " << vm->name() << ": " << vm->number("rounds") << " rounds, "
                  << vm->number("switches") << " switches\n";
    }
    expect_clean_log(console);
}

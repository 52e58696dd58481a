// SPDX-License-Identifier: GPL-2.0-only
// The smallest VM, from the command to its power-off. Also run with the assertion build.
#include "tests/machine/suites/guest_vm.hpp"

using namespace suites;

TEST(VmSmoke, BootsWorksAndEnds) {
    Console console({.one_thread = true});
    console.launch();
    expect_nothing_given(console);
    {
        GuestVm guest(console, {.vcpus = 2});
        expect_echo(guest);
        EXPECT_EQ(guest.must("nproc"), "2\n");
        EXPECT_EQ(expect_memory_adds_up(console)["vms"], 1);
        guest.expect_clean_log();
        guest.type("poweroff");
        EXPECT_EQ(guest.wait_for_end(), "powered_off: ");
        expect_memory_adds_up(console);
    }
    expect_nothing_given(console);
    expect_works(console);
    expect_clean_log(console);
    console.leave();
    expect_bare(console);
}

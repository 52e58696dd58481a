// SPDX-License-Identifier: GPL-2.0-only
// VMs that the service starts and stops, and what may end the VMM while there are some.
#include "tests/machine/suites/guest_vm.hpp"

#include <fmt/format.h>

using namespace suites;

namespace {

void write_guest(Console &console, const std::string &name, const std::string &more) {
    console.must(
        fmt::format("mkdir -p /etc/vmnix/guests; printf '# a guest\\nname = {0}\\nkernel = /boot/guest.vmlinuz\\n"
                    "initrd = /boot/guest.cpio.gz\\nappend = \"console=ttyS0 quiet\"\\nmemory = 80M\\n{1}' "
                    ">/etc/vmnix/guests/{0}.vm",
                    name, more));
}

unsigned id_of(Console &console, const std::string &name) {
    return nlohmann::json::parse(console.must("vmnix info --json " + name))["id"];
}

std::vector<std::string> names(Console &console) {
    std::vector<std::string> result;
    std::istringstream in(console.must("vmnix list --all --names"));
    for (std::string line; std::getline(in, line);)
        result.push_back(line);
    return result;
}

} // namespace

TEST(VmService, StartsAndStopsGuests) {
    Console console({.one_thread = true});
    write_guest(console, "second", "autostart = yes\\norder = 20\\n");
    write_guest(console, "first", "autostart = yes\\norder = 10\\n");
    write_guest(console, "manual", "");
    EXPECT_EQ(console.run("vmnix guests status").code, 3);
    console.must("/etc/init.d/vmnix start");
    expect_under(console);
    EXPECT_EQ(console.run("vmnix guests status").code, 6); // two that should run do not

    const std::string started = console.must("/etc/init.d/vmnix-guests start", Seconds(60));
    EXPECT_EQ(started, "first: started\nsecond: started\n");
    EXPECT_EQ(names(console), (std::vector<std::string>{"first", "second"}));
    EXPECT_LT(id_of(console, "first"), id_of(console, "second"));
    EXPECT_EQ(console.must("vmnix guests start"), "first: runs already\nsecond: runs already\n");
    const std::string status = console.must("vmnix guests status");
    EXPECT_NE(status.find("manual"), std::string::npos) << status;
    console.must("vmnix run /etc/vmnix/guests/manual.vm");

    // Nothing takes the VMM from under them.
    EXPECT_NE(console.run("rmmod vmkmod").code, 0);
    const Outcome refused = console.run("/etc/init.d/vmnix stop");
    EXPECT_EQ(refused.code, 1) << refused.output;
    EXPECT_NE(refused.output.find("virtual machines"), std::string::npos) << refused.output;

    // Their power buttons, once they hear them; VMs without autostart too.
    for (const char *name : {"first", "second", "manual"})
        console.must(fmt::format("i=0; until vmnix logs {0} | grep -q 'guest# ' || [ $i -gt 120 ]; do i=$((i + 1)); "
                                 "sleep 0.5; done; vmnix logs {0} | grep -q 'guest# '",
                                 name),
                     Seconds(120));
    const std::string stopped = console.must("/etc/init.d/vmnix-guests stop", Seconds(120));
    for (const char *name : {"first", "second", "manual"})
        EXPECT_NE(stopped.find(fmt::format("{}: powered off", name)), std::string::npos) << stopped;
    EXPECT_EQ(names(console), std::vector<std::string>{});
    expect_nothing_given(console);
    console.must("/etc/init.d/vmnix stop");
    expect_bare(console);
    expect_works(console);
    expect_clean_log(console);
}

// Not in order, and with VMs: it is this console's end and not the machine's. Without a package it is held, and the
// operator has a way out on the serial line.
TEST(VmService, PowerOffWithVmsIsHeldWithoutAPackage) {
    Console console({.keeps_crashed = true, .one_thread = true});
    console.launch();
    console.must(run_line({.name = "one"}) + " && " + run_line({.name = "two", .vcpus = 2}));
    console.must("dmesg -n 7");
    console.type("poweroff -f");
    console.serial().wait_for("there are VMs: the VMM goes on", Seconds(60));
    console.serial().wait_for("the service console is held, VMs go on", Seconds(60));
    console.serial().type("h");
    console.serial().wait_for("resetting the host", Seconds(60));
    console.wait_for_end(Seconds(60));
}

// Removed at its end by itself, however it ends.
TEST(VmService, RemovedAtItsEnd) {
    Console console({.one_thread = true});
    console.launch();
    console.must(run_line({.options = "--rm"}) + " && vmnix kill web");
    expect_nothing_given(console);
    EXPECT_EQ(names(console), std::vector<std::string>{});
    console.leave(); // the driver holds on no longer
    expect_bare(console);
}

// SPDX-License-Identifier: GPL-2.0-only
// Bochs as a test machine: the other vendor's CPUs, and a second implementation of this one's.
#include "tests/machine/suites/mortal_console.hpp"

#include <gmock/gmock.h>

using namespace suites;

namespace {

// The model, how many CPUs, and the kernel where it is not the newest.
std::string name_of(const testing::TestParamInfo<Description> &info) {
    const Description &machine = info.param;
    std::string name = machine.bochs == harness::kRyzen     ? "Ryzen"
                       : machine.bochs == harness::kHaswell ? "Haswell"
                                                            : machine.bochs;
    std::erase_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
    name += std::to_string(machine.cpus);
    if (machine.kernel == "6.1")
        name += "_Linux6_1";
    return name;
}

bool is_intel(const Description &machine) {
    return machine.bochs != harness::kRyzen;
}

} // namespace

class Bochs : public testing::TestWithParam<Description> {};

TEST_P(Bochs, BootsRunsAndPowersOff) {
    Machine machine(GetParam());
    EXPECT_TRUE(machine.must("uname -r").starts_with(GetParam().kernel));
    EXPECT_EQ(machine.must("nproc"), std::to_string(GetParam().cpus) + "\n");
    EXPECT_EQ(machine.run("false").code, 1);
    EXPECT_EQ(machine.must("printf 'a\\nb'"), "a\nb");
    const bool intel = is_intel(GetParam());
    EXPECT_EQ(machine.run("grep -q ' vmx ' /proc/cpuinfo").ok(), intel);
    EXPECT_EQ(machine.run("grep -q ' svm ' /proc/cpuinfo").ok(), !intel);
    EXPECT_THROW(machine.reset(), harness::NotEmulated);
    const Outcome check = machine.run("modprobe msr && vmnix check");
    EXPECT_TRUE(check.ok()) << check.output;
    machine.type("poweroff -f");
    machine.wait_for_end(Seconds(30));
}

INSTANTIATE_TEST_SUITE_P(Machines, Bochs,
                         testing::Values(Description{.bochs = harness::kHaswell, .cpus = 1},
                                         Description{.bochs = harness::kHaswell, .cpus = 2},
                                         Description{.bochs = harness::kRyzen, .cpus = 1}),
                         name_of);

class BochsLaunch : public testing::TestWithParam<Description> {};

TEST_P(BochsLaunch, WorksAndLeavesTwice) {
    Console console(GetParam());
    for (unsigned cycle = 0; cycle < 2; ++cycle) {
        console.launch();
        expect_under(console);
        const std::string status = console.must("vmnix status");
        EXPECT_THAT(status, testing::HasSubstr(is_intel(GetParam()) ? "Intel VT-x" : "AMD SVM"));
        EXPECT_THAT(status, testing::HasSubstr("4 levels"));
        console.leave();
        expect_bare(console);
    }
    expect_works(console);
    expect_clean_log(console);
}

namespace {

// Models with newer controls, and Debian 12's kernel: in make test-all. sapphire_rapids, the only one with LA57, does
// not boot: docs/support.md.
std::vector<Description> launched() {
    std::vector<Description> machines = {{.bochs = harness::kHaswell, .cpus = 1},
                                         {.bochs = harness::kRyzen, .cpus = 1}};
    if (whole_matrix()) {
        for (const char *model : {"corei7_skylake_x", "tigerlake", "arrow_lake"})
            machines.push_back({.bochs = model, .cpus = 1});
        for (const char *model : {harness::kHaswell, harness::kRyzen})
            machines.push_back({.kernel = "6.1", .bochs = model, .cpus = 1});
    }
    return machines;
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Machines, BochsLaunch, testing::ValuesIn(launched()), name_of);

class BochsVm : public testing::TestWithParam<Description> {};

TEST_P(BochsVm, BootsWorksAndEnds) {
    Console console(GetParam());
    console.launch();
    {
        GuestVm guest(console, {.limit = Seconds(200)});
        expect_echo(guest);
        EXPECT_EQ(expect_memory_adds_up(console)["vms"], 1);
        // Linux on the bare `ryzen` says this as well: its family has that weakness, and there is no microcode.
        std::vector<std::string> expected;
        if (GetParam().bochs == harness::kRyzen)
            expected.push_back("Speculative Return Stack Overflow: WARNING");
        guest.expect_clean_log(expected);
        guest.type("poweroff");
        EXPECT_EQ(guest.wait_for_end(), "powered_off: ");
    }
    expect_nothing_given(console);
    expect_works(console);
    expect_clean_log(console);
    console.leave();
    expect_bare(console);
}

namespace {

// Two CPUs take four minutes: in make test-all.
std::vector<Description> with_vms() {
    std::vector<Description> machines = {{.bochs = harness::kHaswell, .cpus = 1},
                                         {.bochs = harness::kRyzen, .cpus = 1}};
    if (whole_matrix()) {
        machines.push_back({.bochs = harness::kHaswell, .cpus = 2});
        machines.push_back({.bochs = harness::kRyzen, .cpus = 2});
    }
    return machines;
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Machines, BochsVm, testing::ValuesIn(with_vms()), name_of);

class BochsRestart : public testing::TestWithParam<Description> {};

TEST_P(BochsRestart, VmsLiveOn) {
    MortalConsole console(GetParam());
    unsigned seed = 1;
    for (const char *name : {"sysrq", "order"}) {
        SCOPED_TRACE(name);
        ASSERT_EQ(console.suffer(fault(name), seed), MortalConsole::Outcome::CameBack) << console.serial().tail(4000);
        EXPECT_TRUE(console.was_told(fault(name), seed++));
        console.must("sleep 1.2"); // each tells once a second
        EXPECT_THAT(console.witness().harm, testing::IsEmpty());
        expect_memory_adds_up(console);
    }
    console.remove_witnesses();
    expect_nothing_given(console);
    console.must("modprobe msr");
    console.leave();
    expect_bare(console);
}

INSTANTIATE_TEST_SUITE_P(Machines, BochsRestart, testing::Values(Description{.bochs = harness::kHaswell, .cpus = 1}),
                         name_of);

// SPDX-License-Identifier: GPL-2.0-only
// Bochs as a test machine: the other vendor's CPUs, and a second implementation of this one's.
#include "tests/machine/suites/console.hpp"

using namespace suites;

class Bochs : public testing::TestWithParam<Description> {};

TEST_P(Bochs, BootsRunsAndPowersOff) {
    Machine machine(GetParam());
    EXPECT_TRUE(machine.must("uname -r").starts_with(GetParam().kernel));
    EXPECT_EQ(machine.must("nproc"), std::to_string(GetParam().cpus) + "\n");
    EXPECT_EQ(machine.run("false").code, 1);
    EXPECT_EQ(machine.must("printf 'a\\nb'"), "a\nb");
    const bool intel = GetParam().bochs == harness::kHaswell;
    EXPECT_EQ(machine.run("grep -q ' vmx ' /proc/cpuinfo").ok(), intel);
    EXPECT_EQ(machine.run("grep -q ' svm ' /proc/cpuinfo").ok(), !intel);
    EXPECT_THROW(machine.reset(), harness::NotEmulated);
    const Outcome check = machine.run("modprobe msr && vmnix check");
    EXPECT_EQ(check.ok(), !intel) << check.output;
    EXPECT_EQ(check.output.find("Intel VT-x is not supported yet") != std::string::npos, intel) << check.output;
    machine.type("poweroff -f");
    machine.wait_for_end(Seconds(30));
}

INSTANTIATE_TEST_SUITE_P(Machines, Bochs,
                         testing::Values(Description{.bochs = harness::kHaswell, .cpus = 1},
                                         Description{.bochs = harness::kHaswell, .cpus = 2},
                                         Description{.bochs = harness::kRyzen, .cpus = 1}),
                         [](const auto &info) {
                             return (info.param.bochs == harness::kRyzen ? "Ryzen" : "Haswell") +
                                    std::to_string(info.param.cpus);
                         });

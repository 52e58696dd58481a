// SPDX-License-Identifier: GPL-2.0-only
// The harness itself, on the bare console machine: if these fail, nothing else is worth a look.
#include "tests/machine/harness/machine.hpp"

#include <gtest/gtest.h>

using harness::Machine;
using harness::Seconds;

class Smoke : public testing::TestWithParam<const char *> {};

TEST_P(Smoke, BootsRunsAndPowersOff) {
    Machine machine({.kernel = GetParam()});
    EXPECT_TRUE(machine.must("uname -r").starts_with(GetParam()));
    EXPECT_EQ(machine.must("nproc"), "2\n");
    EXPECT_EQ(machine.run("false").code, 1);
    EXPECT_EQ(machine.must("printf 'a\\nb'"), "a\nb");
    EXPECT_EQ(machine.monitor("query-status")["status"], "running");
    // "BZh": the emulator's view of guest memory at the real-mode vector table is never all ones
    EXPECT_NE(machine.read_word(0), ~0ull);
    machine.type("poweroff -f");
    machine.wait_for_end(Seconds(30));
}

INSTANTIATE_TEST_SUITE_P(Kernels, Smoke, testing::Values("6.1", "6.12"),
                         [](const auto &info) { return info.index == 0 ? "Linux6_1" : "Linux6_12"; });

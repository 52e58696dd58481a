// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/log.hpp"

#include "tests/unit/fakes/rig.hpp"

#include <gtest/gtest.h>

namespace vmm::test {
namespace {

TEST(Log, StampsBeforeTheLaunchAreZero) {
    Rig rig;
    log("CPU ", 1u, " says ", Hex{0x10});
    EXPECT_EQ(rig.log(), "[0.000000] CPU 1 says 0x10\n");
}

TEST(Log, StampsTellSecondsSinceTheLaunch) {
    Rig rig;
    rig.handover().tsc_khz = 2'000'000; // 2 GHz
    g_vmm.launched_tsc = 5'000'000'000;
    rig.hardware().tsc_step = 0;
    rig.hardware().tsc = 5'000'000'000 + 2'000'000'000ull * 61 + 2000 * 7;
    log_line("later");
    EXPECT_EQ(rig.log(), "[61.000007] later\n");
}

// A year: the product of ticks and factors must not wrap.
TEST(Log, StampsOfALongRun) {
    Rig rig;
    rig.handover().tsc_khz = 5'000'000;
    g_vmm.launched_tsc = 1;
    rig.hardware().tsc_step = 0;
    const std::uint64_t year = 365ull * 24 * 3600;
    rig.hardware().tsc = 1 + 5'000'000'000ull * year + 5'000'000'000ull / 2;
    log_line("");
    EXPECT_EQ(rig.log(), "[31536000.500000] \n");
}

} // namespace
} // namespace vmm::test

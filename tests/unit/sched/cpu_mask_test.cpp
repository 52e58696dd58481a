// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/sched/cpu_mask.hpp"

#include "vmnix/abi/handover/handover.h"

#include <gtest/gtest.h>

#include <vector>

namespace vmm {
namespace {

static_assert(kMaxCpus == VMNIX_MAX_CPUS);

TEST(CpuMask, HoldsEveryCpu) {
    for (unsigned cpu : {0u, 1u, 63u, 64u, 130u, 255u}) {
        CpuMask mask = CpuMask::only(cpu);
        EXPECT_TRUE(mask.any());
        EXPECT_TRUE(mask.has(cpu));
        EXPECT_EQ(mask.count(), 1u);
        EXPECT_EQ(mask.lowest(), cpu);
        EXPECT_FALSE(mask.has((cpu + 1) % kMaxCpus));
        mask.remove(cpu);
        EXPECT_FALSE(mask.any());
    }
}

TEST(CpuMask, IsASet) {
    const CpuMask few = CpuMask::only(3) | CpuMask::only(200), many = CpuMask::first(100);
    EXPECT_EQ(few & many, CpuMask::only(3));
    EXPECT_EQ((few & ~many), CpuMask::only(200));
    EXPECT_TRUE(CpuMask::only(99).is_within(many));
    EXPECT_FALSE(few.is_within(many));
    EXPECT_TRUE(CpuMask().is_within(few));
    std::vector<unsigned> cpus;
    few.each([&](unsigned cpu) { cpus.push_back(cpu); });
    EXPECT_EQ(cpus, (std::vector<unsigned>{3, 200}));
    EXPECT_EQ(CpuMask::first(kMaxCpus).count(), kMaxCpus);
}

} // namespace
} // namespace vmm

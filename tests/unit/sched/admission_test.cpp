// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/sched/scheduler.hpp"

#include "tests/unit/sched/scheduler_fixture.hpp"

namespace vmm::test {
namespace {

using Admission = SchedulerTest;

TEST_F(Admission, ChecksBounds) {
    const CpuMask all = CpuMask::first(2);
    EXPECT_EQ(admission({1000, 0, 0, all}), Errc{});
    EXPECT_EQ(admission({0, 0, 0, all}), Errc::Invalid);
    EXPECT_EQ(admission({100001, 0, 0, all}), Errc::Invalid);
    EXPECT_EQ(admission({1000, 2001, 0, all}), Errc::Invalid);
    EXPECT_EQ(admission({1000, 0, 2001, all}), Errc::Invalid);
    EXPECT_EQ(admission({1000, 500, 400, all}), Errc::Invalid);
    EXPECT_EQ(admission({1000, 0, 0, {}}), Errc::OutOfRange);
    EXPECT_EQ(admission({1000, 0, 0, cpus({2, 3})}), Errc::OutOfRange);
    EXPECT_EQ(admission({1000, 0, 0, cpus({1, 3})}), Errc{});
}

TEST_F(Admission, LeavesTheConsoleATenth) {
    SchedGroup &first = add_group({1000, 1000});
    EXPECT_EQ(admission({1000, 800, 0, CpuMask::first(2)}), Errc{});
    EXPECT_EQ(admission({1000, 801, 0, CpuMask::first(2)}), Errc::Busy);
    EXPECT_EQ(admission({1000, 1800, 0, CpuMask::first(2)}, &first), Errc{});
    EXPECT_EQ(admission({1000, 0, 0, CpuMask::first(2)}), Errc{});
    scheduler_.remove(first);
    EXPECT_EQ(admission({1000, 1800, 0, CpuMask::first(2)}), Errc{});
}

TEST_F(Admission, LooksAtTheCpusOfTheMask) {
    add_group({1000, 600, 0, cpus({0})});
    EXPECT_EQ(admission({1000, 300, 0, cpus({0})}), Errc{});
    EXPECT_EQ(admission({1000, 301, 0, cpus({0})}), Errc::Busy);
    EXPECT_EQ(admission({1000, 900, 0, cpus({1})}), Errc{});
    EXPECT_EQ(admission({1000, 1200, 0, CpuMask::first(2)}), Errc{});
    EXPECT_EQ(admission({1000, 1201, 0, CpuMask::first(2)}), Errc::Busy);
}

} // namespace
} // namespace vmm::test

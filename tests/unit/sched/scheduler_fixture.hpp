// SPDX-License-Identifier: GPL-2.0-only
// A scheduler of two CPUs, with groups and worlds as a test needs them. One tick is a nanosecond.
#pragma once

#include "vmm/sched/scheduler.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace vmm::test {

inline constexpr std::uint64_t kMs = 1'000'000, kStart = 1000 * kMs;

inline CpuMask cpus(std::initializer_list<unsigned> list) {
    CpuMask mask;
    for (unsigned cpu : list)
        mask.add(cpu);
    return mask;
}

class SchedulerTest : public testing::Test {
  protected:
    explicit SchedulerTest(unsigned cpus = 2) : cpu_room_(cpus) { scheduler_.configure(cpu_room_, 1'000'000); }

    SchedGroup &add_group(SchedParameters parameters = {}) {
        if (!parameters.affinity.any())
            parameters.affinity = CpuMask::first(2);
        SchedGroup &group = groups_.emplace_back();
        EXPECT_TRUE(scheduler_.admit(nullptr, parameters));
        scheduler_.add(group, parameters, now_);
        return group;
    }
    SchedWorld &add_world(SchedGroup &group, unsigned cpu = Scheduler::kAnyCpu) {
        SchedWorld &world = worlds_.emplace_back();
        scheduler_.add(world, group, now_, cpu);
        return world;
    }
    SchedWorld &add_running(unsigned cpu) {
        SchedWorld &world = add_world(add_group(), cpu);
        scheduler_.wake(world, now_);
        EXPECT_EQ(pick(cpu), &world);
        return world;
    }
    SchedWorld *pick(unsigned cpu) { return scheduler_.pick(cpu, now_).world; }
    Errc admission(const SchedParameters &parameters, const SchedGroup *replaced = nullptr) {
        return scheduler_.admit(replaced, parameters).error();
    }

    std::vector<Scheduler::Cpu> cpu_room_;
    Scheduler scheduler_;
    std::deque<SchedGroup> groups_;
    std::deque<SchedWorld> worlds_;
    std::uint64_t now_ = kStart;
};

} // namespace vmm::test

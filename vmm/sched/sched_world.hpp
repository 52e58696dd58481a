// SPDX-License-Identifier: GPL-2.0-only
// SchedWorld: what the scheduler knows about one vCPU. It lies in the world that it belongs to; only the Scheduler
// changes it.
#pragma once

#include "vmm/sched/cpu_mask.hpp"
#include "vmm/sched/virtual_time.hpp"
#include "vmm/sched/world_list.hpp"

#include <cstdint>

namespace vmm {

class SchedGroup;

// Ticks in each state since the world was added, and how often.
struct SchedStats {
    std::uint64_t run = 0;   // on a CPU
    std::uint64_t ready = 0; // wanting one: stolen time
    std::uint64_t wait = 0;  // blocked or paused
    std::uint64_t picks = 0, migrations = 0;
};

class SchedWorld {
  public:
    constexpr SchedWorld() = default;
    SchedWorld(const SchedWorld &) = delete;
    SchedWorld &operator=(const SchedWorld &) = delete;

    SchedGroup *group() const { return group_; }
    // Where it runs or ran last.
    unsigned cpu() const { return cpu_; }
    // A CPU still holds its state: until that CPU's next pick().
    bool is_on_cpu() const { return on_cpu_; }
    bool is_waiting() const { return wait_link_.place != nullptr; }
    bool is_runnable() const { return runnable_; }
    const CpuMask &affinity() const { return affinity_; }
    // Up to the last change of state.
    const SchedStats &stats() const { return stats_; }
    SchedStats stats_at(std::uint64_t now) const {
        SchedStats stats = stats_;
        const std::uint64_t span = now > since_ ? now - since_ : 0;
        (on_cpu_ ? stats.run : is_waiting() ? stats.ready : stats.wait) += span;
        return stats;
    }

  private:
    friend class Scheduler;
    friend class SchedGroup;

    // The state since `since_` ends; returns how long it was. CPUs' clocks may disagree.
    std::uint64_t spend(std::uint64_t &ticks, std::uint64_t now) {
        const std::uint64_t span = now > since_ ? now - since_ : 0;
        since_ += span;
        ticks += span;
        return span;
    }
    // Of a world on a CPU, with what is not accounted for yet.
    VirtualTime vtime_at(std::uint64_t now) const { return vtime_ + scale_(now > since_ ? now - since_ : 0); }

    WorldLink wait_link_, member_link_;
    SchedGroup *group_ = nullptr;
    VirtualTime vtime_;
    Scale scale_;                // the group's, here for the cache's sake
    std::uint64_t backlog_ = 0;  // SchedTuning's, in virtual time
    std::uint64_t progress_ = 0; // run time, with voluntary waiting made up: what co-scheduling compares
    std::uint64_t since_ = 0;    // of the present state
    SchedStats stats_;
    CpuMask affinity_;
    unsigned cpu_ = 0;
    bool pinned_ = false;  // affinity of one CPU
    bool own_pin_ = false; // by add(), and not by the group's mask
    bool runnable_ = false, on_cpu_ = false, leaving_ = false;
    bool yielded_ = false;                                                       // since it ran last
    enum class Claim : std::uint8_t { None, Boost, Aside } claim_ = Claim::None; // at the next pick()
};

} // namespace vmm

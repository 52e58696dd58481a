// SPDX-License-Identifier: GPL-2.0-only
// Members of the Scheduler that every pick() goes through.
#pragma once

#include "vmm/sched/scheduler.hpp"

namespace vmm {

inline bool Scheduler::may_wait(const SchedWorld &world) const {
    return world.runnable_ && !world.leaving_ && !world.group_->is_paused();
}

// Where it ran last, unless it may not run there any more.
inline void Scheduler::go_home(SchedWorld &world) {
    if (!world.affinity_.has(world.cpu_)) [[unlikely]]
        world.cpu_ = world.affinity_.lowest();
}

inline void Scheduler::enqueue(SchedWorld &world) {
    if (world.pinned_)
        cpus_[world.affinity_.lowest()].pinned.add(world);
    else
        shared_.add(world);
    if (world.group_->has_siblings() && !world.yielded_)
        world.group_->count(world, tuning_.skew);
}

inline void Scheduler::dequeue(SchedWorld &world, std::uint64_t now) {
    decltype(shared_)::remove(world);
    if (world.group_->has_siblings() && !world.yielded_)
        world.group_->discount(world);
    world.spend(world.stats_.ready, now);
}

// Accounts for the world that runs, up to now.
inline void Scheduler::settle(Cpu &cpu, std::uint64_t now) {
    SchedWorld &world = *cpu.running;
    const std::uint64_t ran = world.spend(world.stats_.run, now);
    world.vtime_ = world.vtime_ + world.scale_(ran);
    if (!cpu.contested)
        cpu.level = std::max(cpu.level, world.vtime_);
    if (!world.group_->plain_)
        settle_group(cpu, ran, now);
}

} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
// A world that wants a CPU: where it waits, and whom it displaces.
#include "vmm/sched/scheduler_members.hpp"

namespace vmm {

void Scheduler::kick(unsigned index, CpuMask &kicks) {
    Cpu &cpu = cpus_[index];
    if (cpu.kicked)
        return;
    cpu.kicked = true;
    note(index, Load::Contested);
    kicks.add(index);
}

CpuMask Scheduler::wake(SchedWorld &world, std::uint64_t now, Urgency urgency) {
    CpuMask kicks;
    if (world.leaving_)
        return kicks;
    const bool slept = !world.runnable_;
    world.runnable_ = true;
    if (urgency == Urgency::Interrupt && (slept || !world.on_cpu_))
        world.claim_ = SchedWorld::Claim::Boost;
    if (world.on_cpu_ || !may_wait(world))
        return kicks;
    if (!world.is_waiting())
        become_ready(world, now);
    else if (urgency == Urgency::Normal)
        return kicks;
    find_cpu(world, now, kicks);
    return kicks;
}

// Who slept is not far behind the others of its CPU, or it would have the CPU to itself until it has caught up.
void Scheduler::become_ready(SchedWorld &world, std::uint64_t now) {
    go_home(world);
    Cpu &home = cpus_[world.cpu_];
    if (home.running != nullptr)
        settle(home, now);
    world.vtime_ = std::max(world.vtime_, home.level - world.scale_(tuning_.credit));
    world.spend(world.stats_.wait, now);
    world.group_->make_up(world, tuning_.skew);
    enqueue(world);
}

void Scheduler::block(SchedWorld &world, std::uint64_t now) {
    if (!world.runnable_)
        return;
    world.runnable_ = false;
    world.claim_ = SchedWorld::Claim::None;
    if (world.is_waiting())
        dequeue(world, now);
}

void Scheduler::yield(SchedWorld &world) {
    if (!world.on_cpu_)
        return;
    world.yielded_ = true;
    world.claim_ = SchedWorld::Claim::Aside;
}

void Scheduler::find_cpu(const SchedWorld &world, std::uint64_t now, CpuMask &kicks) {
    if (world.group_->is_throttled(now)) {
        if (cpus_[world.cpu_].until > world.group_->limit_.time()) // the one that looks after it
            kick(world.cpu_, kicks);
        return;
    }
    const CpuMask free = world.affinity_ & idle_;
    if (free.any())
        return kick(free.has(world.cpu_) ? world.cpu_ : free.lowest(), kicks);
    find_victim(world, world.affinity_, now, kicks);
    if (world.affinity_.is_within(alone_)) // none of them would ever look again
        kick(world.cpu_, kicks);
}

// The CPU whose world has least right to it: by rank, and among equals the one furthest ahead.
void Scheduler::find_victim(const SchedWorld &world, const CpuMask &among, std::uint64_t now, CpuMask &kicks) {
    const Rank rank = rank_of(world, now, false);
    unsigned found = kAnyCpu;
    Rank lowest = rank;
    std::int64_t most = 0;
    among.each([&](unsigned index) {
        const Cpu &cpu = cpus_[index];
        if (cpu.running == nullptr || cpu.kicked || cpu.rank < lowest || (cpu.rank == rank && rank != Rank::Shared))
            return;
        const std::uint64_t cost = tuning_.preemption + (index == world.cpu_ ? 0 : tuning_.migration);
        const std::int64_t lead = cpu.running->vtime_at(now) - (world.vtime_ + world.scale_(cost));
        if (cpu.rank > lowest || lead > most) {
            found = index;
            lowest = cpu.rank;
            most = lead;
        }
    });
    if (found != kAnyCpu)
        kick(found, kicks);
}

// Others wait, so no CPU that may run them idles, and one that runs a world alone which is ahead of them gets company.
void Scheduler::share_out(const SchedWorld &next, std::uint64_t now, CpuMask &kicks) {
    if (idle_.any())
        shared_.each([&](const SchedWorld &world) {
            const CpuMask free = world.affinity_ & idle_;
            if (free.any() && !world.group_->is_throttled(now))
                kick(free.lowest(), kicks);
        });
    const CpuMask targets = next.affinity_ & alone_;
    if (!next.pinned_ && targets.any())
        find_victim(next, targets, now, kicks);
}

// Siblings that are too far ahead of the one that has just lost its CPU, where others want theirs.
void Scheduler::stop_siblings(const SchedWorld &world, std::uint64_t now, CpuMask &kicks) {
    world.group_->members_.each([&](const SchedWorld &sibling) {
        Cpu &cpu = cpus_[sibling.cpu_];
        if (!sibling.on_cpu_ || !cpu.contested || cpu.kicked)
            return;
        settle(cpu, now);
        if (sibling.progress_ > world.progress_ + tuning_.skew)
            kick(sibling.cpu_, kicks);
    });
}

} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/sched/scheduler_members.hpp"

#include "vmm/base/assert.hpp"

namespace vmm {

void Scheduler::configure(std::span<Cpu> cpus, std::uint32_t tsc_khz) {
    VMM_ASSERT(!cpus.empty() && cpus.size() <= kMaxCpus);
    cpus_ = cpus;
    tuning_ = SchedTuning::of(tsc_khz);
    loose_ = static_cast<unsigned>(cpus.size());
    configured_ = idle_ = CpuMask::first(loose_);
}

bool Scheduler::is_in_bounds(const SchedParameters &parameters) const {
    const std::uint32_t most = 1000 * configured_.count();
    return parameters.shares != 0 && parameters.shares <= SchedParameters::kMostShares &&
           parameters.reservation <= most && parameters.limit <= most &&
           (parameters.limit == 0 || parameters.reservation <= parameters.limit);
}

// What is reserved within a mask has to fit into its CPUs. Looked at for the masks that groups have, not for all unions
// of them: those that users write are nested or disjoint, where this is exact.
Result<> Scheduler::admit(const SchedGroup *replaced, const SchedParameters &parameters) const {
    if (!is_in_bounds(parameters))
        return Errc::Invalid;
    const CpuMask affinity = parameters.affinity & configured_;
    if (!affinity.any())
        return Errc::OutOfRange;
    const auto fits = [&](const CpuMask &mask) {
        std::uint64_t sum = parameters.reservation;
        for (const SchedGroup *group = groups_; group != nullptr; group = group->next_)
            if (group != replaced && group->parameters_.affinity.is_within(mask))
                sum += group->parameters_.reservation;
        return sum <= std::uint64_t{1000 - kHeadroom} * mask.count();
    };
    bool fit = parameters.reservation == 0 || (fits(affinity) && fits(configured_));
    for (const SchedGroup *group = groups_; group != nullptr && fit; group = group->next_)
        if (parameters.reservation != 0 && affinity.is_within(group->parameters_.affinity))
            fit = fits(group->parameters_.affinity);
    return fit ? Result<>() : Errc::Busy;
}

void Scheduler::add(SchedGroup &group, const SchedParameters &parameters, std::uint64_t now) {
    group.next_ = groups_;
    groups_ = &group;
    set(group, parameters, now);
}

void Scheduler::remove(SchedGroup &group) {
    VMM_ASSERT(group.empty());
    SchedGroup **place = &groups_;
    while (*place != &group)
        place = &(*place)->next_;
    *place = group.next_;
}

CpuMask Scheduler::set(SchedGroup &group, const SchedParameters &parameters, std::uint64_t now) {
    VMM_ASSERT(is_in_bounds(parameters) && (parameters.affinity & configured_).any());
    // Up to now by the old parameters.
    group.members_.each([&](SchedWorld &world) {
        if (world.on_cpu_) {
            settle(cpus_[world.cpu_], now);
            refund(cpus_[world.cpu_], group);
        } else if (world.is_waiting()) {
            dequeue(world, now);
        }
    });
    group.parameters_ = parameters;
    group.parameters_.affinity = parameters.affinity & configured_;
    group.reservation_.set_rate(parameters.reservation, now);
    group.limit_.set_rate(parameters.limit, now);
    group.note_shape();
    CpuMask kicks;
    group.members_.each([&](SchedWorld &world) {
        adopt(world);
        if (world.on_cpu_)
            kick(world.cpu_, kicks);
        else if (may_wait(world))
            enqueue(world);
    });
    group.members_.each([&](SchedWorld &world) {
        if (world.is_waiting())
            find_cpu(world, now, kicks);
    });
    return kicks;
}

// The world gets what its group has. One on a CPU where it may run no longer moves when it has stopped.
void Scheduler::adopt(SchedWorld &world) {
    const SchedParameters &parameters = world.group_->parameters_;
    world.scale_ = Scale::by_weight(parameters.shares);
    world.backlog_ = world.scale_(tuning_.backlog);
    if (!world.own_pin_)
        world.affinity_ = parameters.affinity;
    world.pinned_ = world.affinity_.count() == 1;
    if (!world.on_cpu_)
        go_home(world);
}

void Scheduler::add(SchedWorld &world, SchedGroup &group, std::uint64_t now, unsigned cpu) {
    VMM_ASSERT(world.group_ == nullptr);
    VMM_ASSERT(cpu == kAnyCpu || group.parameters_.affinity.has(cpu));
    group.join(world, tuning_.skew);
    world.own_pin_ = cpu != kAnyCpu;
    if (world.own_pin_)
        world.affinity_ = CpuMask::only(world.cpu_ = cpu);
    adopt(world);
    world.vtime_ = cpus_[world.cpu_].level;
    world.progress_ = group.front_;
    world.since_ = now;
    world.stats_ = {};
    world.yielded_ = false;
    world.claim_ = SchedWorld::Claim::None;
}

CpuMask Scheduler::remove(SchedWorld &world, std::uint64_t now) {
    block(world, now);
    if (!world.on_cpu_) {
        detach(world);
        return {};
    }
    world.leaving_ = true;
    CpuMask kicks;
    kick(world.cpu_, kicks);
    return CpuMask::only(world.cpu_);
}

void Scheduler::detach(SchedWorld &world) {
    world.group_->leave(world, tuning_.skew);
    world.leaving_ = false;
}

CpuMask Scheduler::pause(SchedGroup &group, std::uint64_t now) {
    group.paused_ = true;
    CpuMask holders, kicks;
    group.members_.each([&](SchedWorld &world) {
        if (world.is_waiting()) {
            dequeue(world, now);
        } else if (world.on_cpu_) {
            kick(world.cpu_, kicks);
            holders.add(world.cpu_);
        }
    });
    return holders;
}

CpuMask Scheduler::resume(SchedGroup &group, std::uint64_t now) {
    group.paused_ = false;
    CpuMask kicks;
    group.members_.each([&](SchedWorld &world) {
        if (world.on_cpu_ || world.is_waiting() || !may_wait(world))
            return;
        become_ready(world, now);
        find_cpu(world, now, kicks);
    });
    return kicks;
}

} // namespace vmm

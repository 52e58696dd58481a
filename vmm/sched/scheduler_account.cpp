// SPDX-License-Identifier: GPL-2.0-only
// What service costs: virtual time, meters, and the levels of the CPUs.
#include "vmm/sched/scheduler_members.hpp"

namespace vmm {

Scheduler::Rank Scheduler::rank_of(const SchedWorld &world, std::uint64_t now, bool shares_first) {
    SchedGroup &group = *world.group_;
    const bool urgent = world.claim_ == SchedWorld::Claim::Boost || group.is_preferred(world, tuning_.skew);
    if (urgent && !is_overdrawn(world))
        return Rank::Urgent;
    if (group.is_held(world, tuning_.skew))
        return Rank::Held;
    return !shares_first && group.reservation_.is_on() && is_owed(group, now) ? Rank::Reserved : Rank::Shared;
}

bool Scheduler::is_overdrawn(const SchedWorld &world) const {
    return world.vtime_ - cpus_[world.cpu_].level > static_cast<std::int64_t>(world.scale_(tuning_.overdraft));
}

// What siblings have run beyond their plans counts first.
bool Scheduler::is_owed(SchedGroup &group, std::uint64_t now) {
    if (group.reservation_.is_due(now) && group.has_siblings())
        group.members_.each([&](const SchedWorld &world) {
            if (world.on_cpu_)
                settle(cpus_[world.cpu_], now);
        });
    return group.reservation_.is_due(now);
}

// Service of any kind counts for the reservation, and makes it no claim to less later: the tag stays near.
void Scheduler::settle_group(Cpu &cpu, std::uint64_t ran, std::uint64_t now) {
    SchedWorld &world = *cpu.running;
    SchedGroup &group = *world.group_;
    group.advance(world, ran);
    if (cpu.contested && cpu.rank < Rank::Shared) // nor is what was had by it a debt that lasts
        world.vtime_ = std::min(world.vtime_, cpu.level + world.backlog_);
    if (!group.is_metered())
        return;
    const std::uint64_t planned = std::min(ran, cpu.planned);
    cpu.planned -= planned;
    group.limit_.charge(ran - planned);
    group.reservation_.charge(ran - planned);
    group.reservation_.not_after(now + group.reservation_.time_of(2 * tuning_.slice[0]));
}

// A run is charged before it begins, so that siblings on other CPUs know of it. Ends the slice where the limit does.
void Scheduler::charge_ahead(Cpu &cpu, SchedGroup &group, std::uint64_t now) {
    const auto before = [now](std::uint64_t span) { return now - std::min(now, span); };
    std::uint64_t length = cpu.slice_end - now;
    group.reservation_.not_before(before(tuning_.arrears));
    if (group.limit_.is_on()) {
        group.limit_.not_before(before(tuning_.window));
        length = std::min(length, std::max(tuning_.least_slice, group.limit_.service_until(now + tuning_.window)));
        cpu.slice_end = now + length;
    }
    cpu.planned = length;
    group.limit_.charge(length);
    group.reservation_.charge(length);
}

void Scheduler::refund(Cpu &cpu, SchedGroup &group) {
    group.limit_.refund(cpu.planned);
    group.reservation_.refund(cpu.planned);
    cpu.planned = 0;
}

// A sibling goes on and the limit's tag has moved: those that wait need somebody who looks after them, or may run where
// nobody does. No world loses its CPU for it, or two of them could take turns without an end.
void Scheduler::look_for_siblings(const SchedGroup &group, std::uint64_t now, CpuMask &kicks) {
    if (!group.has_siblings())
        return;
    group.members_.each([&](const SchedWorld &sibling) {
        if (!sibling.is_waiting())
            return;
        const CpuMask free = sibling.affinity_ & idle_;
        if (group.is_throttled(now) ? cpus_[sibling.cpu_].until == kNever : free.any())
            kick(group.is_throttled(now) ? sibling.cpu_ : free.lowest(), kicks);
    });
}

// A sibling goes without having run for all that it was charged.
void Scheduler::release_siblings(const SchedGroup &group, std::uint64_t now, CpuMask &kicks) {
    if (group.limit_.is_on() && group.has_siblings())
        group.members_.each([&](const SchedWorld &sibling) {
            if (sibling.is_waiting())
                find_cpu(sibling, now, kicks);
        });
}

// Levels drift apart where affinity keeps worlds from where they would have more; that history must not decide who runs
// when it no longer does. Everything at a CPU is moved up to `gap` below the highest level, together, so that nothing
// changes between the worlds there. One that may run elsewhere belongs to the CPU that needs the least.
void Scheduler::sweep(std::uint64_t now) {
    next_sweep_ = now + tuning_.sweep;
    VirtualTime highest = cpus_[0].level;
    configured_.each([&](unsigned index) {
        if (cpus_[index].running != nullptr)
            settle(cpus_[index], now);
        highest = std::max(highest, cpus_[index].level);
    });
    CpuMask settled, behind;
    configured_.each([&](unsigned index) {
        Cpu &cpu = cpus_[index];
        const std::int64_t lag = (highest - tuning_.gap) - cpu.level;
        cpu.shift = lag > 0 ? static_cast<std::uint64_t>(lag) : 0;
        cpu.level = cpu.level + cpu.shift;
        (lag > 0 ? behind : settled).add(index);
    });
    if (!behind.any())
        return;
    for (SchedGroup *group = groups_; group != nullptr; group = group->next_)
        group->members_.each([&](SchedWorld &world) {
            if ((world.affinity_ & settled).any())
                return;
            std::uint64_t least = ~0ull;
            world.affinity_.each([&](unsigned cpu) { least = std::min(least, cpus_[cpu].shift); });
            world.vtime_ = world.vtime_ + least;
        });
}

} // namespace vmm

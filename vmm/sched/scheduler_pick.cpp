// SPDX-License-Identifier: GPL-2.0-only
// The choice of what runs next. What every choice goes through is inline, what few need is not.
#include "vmm/sched/scheduler_members.hpp"

namespace vmm {

Scheduler::Choice Scheduler::pick(unsigned index, std::uint64_t now) {
    Cpu &cpu = cpus_[index];
    if (now >= next_sweep_) [[unlikely]]
        sweep(now);
    Choice choice;
    cpu.kicked = true; // it needs none now
    SchedWorld *const previous = stop(cpu, now, choice.kick);
    Turn turn; // filled field by field: the compiler would clear it as a whole first
    turn.now = now;
    turn.index = index;
    turn.shares_first = now > cpu.last_shared + tuning_.patience;
    turn.keep = now < cpu.slice_end ? previous : nullptr;
    turn.best.world = turn.next.world = nullptr;
    turn.best.key = turn.next.key = turn.released = kNever;
    turn.rivals = 0;
    for (SchedWorld *world = cpu.pinned.first(); world != nullptr; world = world->wait_link_.next)
        consider(*world, cpu, turn);
    for (SchedWorld *world = shared_.first(); world != nullptr; world = world->wait_link_.next)
        if (world->affinity_.has(index))
            consider(*world, cpu, turn);
    cpu.kicked = false;
    cpu.contested = turn.next.world != nullptr;
    if (turn.best.world != nullptr)
        start(cpu, turn, previous, choice.kick);
    else
        cpu.until = turn.released;
    const Load load = cpu.contested ? Load::Contested : cpu.running != nullptr ? Load::Alone : Load::Idle;
    if (load != cpu.load)
        note(index, load);

    choice.world = cpu.running;
    choice.until = cpu.until;
    if (cpu.contested && loose_ != 0)
        share_out(*turn.next.world, now, choice.kick);
    if (previous != nullptr && previous->is_waiting())
        kick_others(turn, *previous, choice.kick);
    return choice;
}

// Takes the world off the CPU; null unless it goes on wanting one.
[[gnu::always_inline]] inline SchedWorld *Scheduler::stop(Cpu &cpu, std::uint64_t now, CpuMask &kicks) {
    if (cpu.running == nullptr)
        return nullptr;
    SchedWorld &world = *cpu.running;
    settle(cpu, now);
    if (cpu.planned != 0) {
        refund(cpu, *world.group_);
        if (!may_wait(world))
            release_siblings(*world.group_, now, kicks);
    }
    world.on_cpu_ = false;
    cpu.running = nullptr;
    return world.runnable_ || world.leaving_ ? put_back(world) : nullptr;
}

SchedWorld *Scheduler::put_back(SchedWorld &world) {
    go_home(world);
    if (may_wait(world)) {
        enqueue(world);
        return &world;
    }
    if (world.leaving_)
        detach(world);
    return nullptr;
}

// Lists have the one that came last in front: of equals it is the one that waited longest.
[[gnu::always_inline]] inline void Scheduler::consider(SchedWorld &world, const Cpu &cpu, Turn &turn) {
    const bool odd = !world.group_->plain_ || world.claim_ != SchedWorld::Claim::None || &world == turn.keep;
    std::uint64_t key;
    if (!odd && world.cpu_ == turn.index) [[likely]] {
        turn.rivals++;
        key = make_key(Rank::Shared, world.vtime_ - cpu.level);
    } else {
        key = weigh(world, cpu, turn);
        if (key == kNever)
            return;
    }
    if (key <= turn.best.key) {
        turn.next = turn.best;
        turn.best = {&world, key};
    } else if (key <= turn.next.key) {
        turn.next = {&world, key};
    }
}

// The key of a world of which more is to be said than that it waits at home by its shares.
std::uint64_t Scheduler::weigh(const SchedWorld &world, const Cpu &cpu, Turn &turn) {
    const bool at_home = world.cpu_ == turn.index;
    SchedGroup &group = *world.group_;
    if (group.is_throttled(turn.now)) {
        if (at_home)
            turn.released = std::min(turn.released, group.limit_.time());
        return kNever;
    }
    Rank rank = rank_of(world, turn.now, turn.shares_first);
    if (world.claim_ == SchedWorld::Claim::Aside)
        rank = Rank::Yielded;
    else if (&world == turn.keep && cpu.rank == Rank::Urgent)
        rank = Rank::Urgent;
    std::int64_t distance = rank == Rank::Reserved ? static_cast<std::int64_t>(group.reservation_.time() - turn.now)
                                                   : world.vtime_ - cpu.level;
    turn.rivals += at_home;
    if (!at_home)
        distance += static_cast<std::int64_t>(world.scale_(tuning_.migration));
    if (&world == turn.keep)
        distance -= static_cast<std::int64_t>(world.scale_(tuning_.preemption));
    return make_key(rank, distance);
}

[[gnu::always_inline]] inline void Scheduler::start(Cpu &cpu, const Turn &turn, const SchedWorld *previous,
                                                    CpuMask &kicks) {
    SchedWorld &world = *turn.best.world;
    dequeue(world, turn.now);
    if (world.yielded_) {
        world.yielded_ = false;
        world.group_->make_up(world, tuning_.skew);
    }
    if (&world != previous) {
        world.stats_.picks++;
        world.stats_.migrations += world.cpu_ != turn.index;
    }
    world.cpu_ = turn.index;
    world.on_cpu_ = true;
    cpu.running = &world;
    if (rank_in(turn.best.key) >= Rank::Shared || !cpu.contested)
        bring_level(cpu, turn, world);
    plan(cpu, turn, world);
    if (!world.group_->plain_)
        confine(cpu, turn, *world.group_, kicks);
    world.claim_ = SchedWorld::Claim::None;
}

// The level is the virtual time of who runs by its shares. What a world may have been behind is bounded both against
// the level and against the next one; the latter for a world whose shares entitle it to more than a CPU.
[[gnu::always_inline]] inline void Scheduler::bring_level(Cpu &cpu, const Turn &turn, SchedWorld &world) {
    if (cpu.contested) {
        const SchedWorld &next = *turn.next.world;
        const VirtualTime others = std::max(cpu.level, next.vtime_ - next.backlog_);
        world.vtime_ = std::max(world.vtime_, others - world.backlog_);
    }
    cpu.level = std::max(cpu.level, world.vtime_);
    cpu.last_shared = turn.now;
}

// When the CPU looks again.
[[gnu::always_inline]] inline void Scheduler::plan(Cpu &cpu, const Turn &turn, SchedWorld &world) {
    const Rank rank = rank_in(turn.best.key);
    if (&world != turn.keep || rank != cpu.rank) {
        std::uint64_t length = tuning_.slice[std::min(turn.rivals, SchedTuning::kMostRivals)];
        if (world.claim_ == SchedWorld::Claim::Boost)
            length = tuning_.grace;
        else if (turn.shares_first && rank == Rank::Shared)
            length = tuning_.turn;
        cpu.slice_end = turn.now + length;
    }
    cpu.rank = rank;
    cpu.until = std::min(cpu.contested ? cpu.slice_end : kNever, turn.released);
}

// By meters and siblings.
void Scheduler::confine(Cpu &cpu, const Turn &turn, SchedGroup &group, CpuMask &kicks) {
    if (group.is_metered())
        charge_ahead(cpu, group, turn.now);
    if (group.limit_.is_on()) {
        cpu.until = std::min(cpu.until, cpu.slice_end);
        if (group.is_throttled(turn.now))
            cpu.until = std::min(cpu.until, group.limit_.time());
        look_for_siblings(group, turn.now, kicks);
    }
    if (cpu.contested && group.counted_ != 0) {
        const std::uint64_t lead = std::min(group.lead(*cpu.running), tuning_.skew);
        cpu.until = std::min(cpu.until, turn.now + std::max(tuning_.skew - lead, tuning_.least_slice));
    }
}

// In the masks of CPUs, too.
void Scheduler::note(unsigned index, Load load) {
    Cpu &cpu = cpus_[index];
    loose_ += unsigned{load != Load::Contested} - unsigned{cpu.load != Load::Contested};
    cpu.load = load;
    load == Load::Idle ? idle_.add(index) : idle_.remove(index);
    load == Load::Alone ? alone_.add(index) : alone_.remove(index);
}

// For the world that has lost this CPU.
void Scheduler::kick_others(const Turn &turn, SchedWorld &previous, CpuMask &kicks) {
    previous.claim_ = SchedWorld::Claim::None; // it let others go first, for once
    if (!previous.affinity_.has(turn.index)) [[unlikely]]
        find_cpu(previous, turn.now, kicks);
    release_siblings(*previous.group_, turn.now, kicks);
    if (previous.group_->is_behind(previous, tuning_.skew))
        stop_siblings(previous, turn.now, kicks);
}

} // namespace vmm

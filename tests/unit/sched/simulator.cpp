// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/sched/simulator.hpp"

#include <algorithm>
#include <memory>
#include <random>

namespace vmm::test {

Behaviour random_bursts(unsigned seed, Time most_work, Time most_pause) {
    return [random = std::make_shared<std::mt19937>(seed), most_work, most_pause] {
        return Burst{1 + (*random)() % most_work, (*random)() % 4 == 0, 1 + (*random)() % most_pause};
    };
}

Time SimulatedGroup::run() const {
    Time sum = 0;
    for (const SimulatedWorld &world : worlds)
        sum += world.run;
    return sum;
}

Time SimulatedGroup::skew() const {
    const auto [least, most] =
        std::minmax_element(worlds.begin(), worlds.end(), [](const auto &a, const auto &b) { return a.run < b.run; });
    return most->run - least->run;
}

void SimulatedWorld::got_cpu(Time now) {
    if (asked_at != kNever)
        longest = std::max(longest, now - asked_at);
    if (called_at != kNever)
        latency.push_back(now - called_at);
    asked_at = called_at = kNever;
}

Simulator::Simulator(unsigned cpus) : cpu_room_(cpus), cpus_(cpus) {
    scheduler_.configure(cpu_room_, 1'000'000);
}

SimulatedWorld &Simulator::add_world(SimulatedGroup &group, const Behaviour &behaviour, unsigned cpu) {
    SimulatedWorld &world = group.worlds.emplace_back();
    world.name = std::to_string(groups_.size() - 1) + "." + std::to_string(group.worlds.size() - 1);
    world.behaviour = behaviour;
    scheduler_.add(world, group, now_, cpu);
    world.wakes_at = now_;
    return world;
}

SimulatedGroup &Simulator::add_vm(SchedParameters parameters, std::vector<Behaviour> behaviours) {
    if (!parameters.affinity.any())
        parameters.affinity = all();
    SimulatedGroup &group = groups_.emplace_back();
    if (!scheduler_.admit(nullptr, parameters))
        complain("not admitted");
    scheduler_.add(group, parameters, now_);
    for (const Behaviour &behaviour : behaviours)
        add_world(group, behaviour, Scheduler::kAnyCpu);
    return group;
}

SimulatedGroup &Simulator::add_console(SchedParameters parameters, const Behaviour &behaviour) {
    SimulatedGroup &group = add_vm(parameters, {});
    for (unsigned cpu = 0; cpu < cpus_.size(); cpu++)
        add_world(group, behaviour, cpu);
    return group;
}

void Simulator::every(Time period, std::function<void()> action) {
    actions_.push_back({now_ + period, period, std::move(action)});
}

void Simulator::send(const CpuMask &kicks) {
    kicks.each([this](unsigned cpu) { cpus_[cpu].kicked_at = std::min(cpus_[cpu].kicked_at, now_ + kKickTakes); });
}

void Simulator::interrupt(SimulatedWorld &world) {
    if (!world.is_runnable()) {
        world.wakes_at = kNever;
        world.asked_at = now_;
        finish_burst(world);
    }
    if (!world.is_on_cpu())
        world.called_at = std::min(world.called_at, now_);
    send(scheduler_.wake(world, now_, Scheduler::Urgency::Interrupt));
}

void Simulator::wake(SimulatedWorld &world) {
    world.wakes_at = kNever;
    world.asked_at = world.called_at = now_;
    finish_burst(world);
    send(scheduler_.wake(world, now_));
}

// On to the next one.
void Simulator::finish_burst(SimulatedWorld &world) {
    world.burst = world.behaviour();
    world.left = world.burst.work;
}

Time Simulator::next_event() const {
    Time next = kNever;
    for (const Cpu &cpu : cpus_) {
        next = std::min({next, cpu.until, cpu.kicked_at});
        if (cpu.running != nullptr && cpu.running->left != kNever)
            next = std::min(next, now_ + cpu.running->left);
    }
    for (const SimulatedGroup &group : groups_)
        for (const SimulatedWorld &world : group.worlds)
            next = std::min(next, world.wakes_at);
    for (const Action &action : actions_)
        next = std::min(next, action.at);
    return std::max(next, now_);
}

void Simulator::advance(Time to) {
    for (Cpu &cpu : cpus_)
        if (cpu.running != nullptr) {
            cpu.running->run += to - now_;
            if (cpu.running->left != kNever)
                cpu.running->left -= to - now_;
        }
    now_ = to;
    for (SimulatedGroup &group : groups_)
        if (group.worlds.size() > 1)
            group.most_skew = std::max(group.most_skew, group.skew());
}

void Simulator::step_cpu(unsigned index) {
    Cpu &cpu = cpus_[index];
    bool due = cpu.kicked_at <= now_;
    if (!due && cpu.until <= now_) {
        timer_calls_++;
        due = true;
    }
    if (SimulatedWorld *const world = cpu.running; world != nullptr && world->left == 0) {
        due = true;
        if (world->burst.yields) {
            scheduler_.yield(*world);
            finish_burst(*world);
        } else {
            scheduler_.block(*world, now_);
            world->wakes_at = now_ + world->burst.pause;
        }
    }
    if (!due)
        return;
    SimulatedWorld *const previous = cpu.running;
    const Scheduler::Choice choice = scheduler_.pick(index, now_);
    cpu = {static_cast<SimulatedWorld *>(choice.world), choice.until, kNever};
    send(choice.kick);
    if (cpu.until <= now_)
        complain("asked for again at once");
    if (previous != cpu.running && previous != nullptr && previous->is_waiting())
        previous->asked_at = now_;
    if (cpu.running != nullptr)
        cpu.running->got_cpu(now_);
}

void Simulator::run(Time duration) {
    const Time end = now_ + duration;
    while (true) {
        const Time next = next_event();
        advance(std::min(next, end));
        if (next >= end)
            break;
        for (std::size_t i = 0; i < actions_.size(); i++)
            if (actions_[i].at <= now_) {
                actions_[i].at += actions_[i].period;
                actions_[i].act();
            }
        for (SimulatedGroup &group : groups_)
            for (SimulatedWorld &world : group.worlds)
                if (world.wakes_at <= now_)
                    wake(world);
        for (unsigned cpu = 0; cpu < cpus_.size(); cpu++)
            step_cpu(cpu);
        check();
    }
}

void Simulator::reset_counts() {
    timer_calls_ = 0;
    for (SimulatedGroup &group : groups_) {
        group.most_skew = 0;
        for (SimulatedWorld &world : group.worlds) {
            world.run = world.longest = 0;
            world.latency.clear();
        }
    }
}

void Simulator::check() {
    for (unsigned cpu = 0; cpu < cpus_.size(); cpu++) {
        const SimulatedWorld *const world = cpus_[cpu].running;
        if (world == nullptr)
            check_idle(cpu);
        else if (!world->affinity().has(cpu) && cpus_[cpu].kicked_at == kNever)
            complain(world->name + " on a CPU that it may not have");
        for (unsigned other = 0; other < cpu; other++)
            if (world != nullptr && cpus_[other].running == world)
                complain(world->name + " on two CPUs");
    }
}

// No CPU idles while a world that may run there waits.
void Simulator::check_idle(unsigned cpu) {
    if (std::any_of(cpus_.begin(), cpus_.end(), [](const Cpu &any) { return any.kicked_at != kNever; }))
        return;
    for (const SimulatedGroup &group : groups_)
        for (const SimulatedWorld &world : group.worlds)
            if (world.is_waiting() && world.affinity().has(cpu) && !group.is_throttled(now_))
                complain(world.name + " waits beside an idle CPU");
}

void Simulator::complain(const std::string &what) {
    if (complaints_.size() < 10)
        complaints_.push_back(std::to_string(now_) + ": " + what);
}

} // namespace vmm::test

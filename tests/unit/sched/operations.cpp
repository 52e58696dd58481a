// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/sched/operations.hpp"

#include <algorithm>

namespace vmm::test {

std::string Operations::run(std::span<const std::uint8_t> bytes) {
    bytes_ = bytes;
    cpu_count_ = 1 + static_cast<unsigned>(take_below(kCpus));
    scheduler_.configure(std::span(cpu_room_).first(cpu_count_), 1'000'000);
    while (!bytes_.empty() && problem_.empty()) {
        step();
        check();
    }
    return problem_;
}

std::uint64_t Operations::take(unsigned size) {
    std::uint64_t value = 0;
    for (; size != 0 && !bytes_.empty(); size--, bytes_ = bytes_.subspan(1))
        value = value << 8 | bytes_[0];
    return value;
}

void Operations::require(bool holds, const char *what) {
    if (!holds && problem_.empty())
        problem_ = std::string(what) + ", " + std::to_string(bytes_.size()) + " bytes before the end";
}

void Operations::send(const CpuMask &kicks) {
    kicks.each([this](unsigned cpu) {
        require(cpu < cpu_count_, "kick of no CPU");
        if (cpu < cpu_count_)
            cpus_[cpu].kicked = true;
    });
}

SchedParameters Operations::take_parameters() {
    SchedParameters parameters;
    parameters.shares = 1 + static_cast<std::uint32_t>(take(3) % 100000);
    if (take(1) & 1)
        parameters.reservation = static_cast<std::uint32_t>(take_below(400));
    if (take(1) & 1)
        parameters.limit = std::max(parameters.reservation, 1 + static_cast<std::uint32_t>(take_below(999)));
    const std::uint64_t cpus = take(1);
    for (unsigned cpu = 0; cpu < kCpus; cpu++)
        if (cpus >> cpu & 1)
            parameters.affinity.add(cpu);
    return parameters;
}

void Operations::step() {
    const auto operation = static_cast<unsigned>(take(1));
    Group &group = groups_[operation / 16 % kGroups];
    SchedWorld &world = group.worlds[take_below(kWorldsEach)];
    switch (operation % 16) {
    case 0:
        return pick(static_cast<unsigned>(take_below(cpu_count_)), now_);
    case 1:
        now_ += take(2) << take_below(24);
        return answer_timers();
    case 2:
        now_ += take(2);
        return answer_timers();
    case 3:
        return answer_kicks();
    case 4:
    case 5:
    case 6:
    case 7:
        return step_group(group, operation % 16);
    default:
        return step_world(group, world, operation % 16);
    }
}

void Operations::step_group(Group &group, unsigned operation) {
    const SchedParameters parameters = take_parameters();
    if (!group.added) {
        if (scheduler_.admit(nullptr, parameters)) {
            scheduler_.add(group, parameters, now_);
            group.added = true;
        }
        return;
    }
    if (operation == 4 && group.empty()) {
        scheduler_.remove(group);
        group.added = false;
    } else if (operation == 5) {
        send(scheduler_.pause(group, jittered()));
    } else if (operation == 6) {
        send(scheduler_.resume(group, jittered()));
    } else if (scheduler_.admit(&group, parameters)) {
        send(scheduler_.set(group, parameters, now_));
    }
}

void Operations::step_world(Group &group, SchedWorld &world, unsigned operation) {
    if (!group.added)
        return;
    if (world.group() == nullptr) {
        const auto cpu = static_cast<unsigned>(take_below(2 * kCpus));
        scheduler_.add(world, group, now_, group.parameters().affinity.has(cpu) ? cpu : Scheduler::kAnyCpu);
        return;
    }
    switch (operation) {
    case 8:
        scheduler_.block(world, jittered());
        break;
    case 9: {
        send(scheduler_.remove(world, jittered()));
        require(world.is_on_cpu() || world.group() == nullptr, "removed, but not out");
        break;
    }
    case 10:
        scheduler_.yield(world);
        break;
    case 11:
        send(scheduler_.wake(world, jittered(), Scheduler::Urgency::Interrupt));
        break;
    default:
        send(scheduler_.wake(world, jittered()));
    }
    // Its CPU asks for the next one at once.
    if (operation <= 10 && world.is_on_cpu())
        pick(world.cpu(), now_);
}

void Operations::pick(unsigned index, std::uint64_t now) {
    const Scheduler::Choice choice = scheduler_.pick(index, now);
    cpus_[index] = {choice.world, choice.until, false};
    require(choice.until > now, "asked for again at once");
    if (choice.world != nullptr) {
        require(choice.world->group() != nullptr && choice.world->is_runnable(), "picked what is not runnable");
        require(choice.world->is_on_cpu() && choice.world->cpu() == index, "picked, but not on the CPU");
        require(choice.world->affinity().has(index), "picked against its affinity");
        if (problem_.empty())
            require(!choice.world->group()->is_paused(), "picked while paused");
    }
    send(choice.kick);
}

void Operations::answer_kicks() {
    for (unsigned round = 0; round < 100; round++) {
        const auto kicked = std::find_if(cpus_.begin(), cpus_.end(), [](const Cpu &cpu) { return cpu.kicked; });
        if (kicked == cpus_.end())
            return;
        pick(static_cast<unsigned>(kicked - cpus_.begin()), now_);
    }
    require(false, "kicks without an end");
}

void Operations::answer_timers() {
    for (unsigned cpu = 0; cpu < cpu_count_; cpu++)
        if (cpus_[cpu].until <= now_)
            pick(cpu, now_);
    answer_kicks();
}

void Operations::check() {
    for (unsigned cpu = 0; cpu < cpu_count_; cpu++)
        for (unsigned other = 0; other < cpu; other++)
            require(cpus_[cpu].running == nullptr || cpus_[cpu].running != cpus_[other].running, "on two CPUs");
    const bool settled = std::none_of(cpus_.begin(), cpus_.end(),
                                      [this](const Cpu &cpu) { return cpu.kicked || cpu.until <= now_ + kJitter; });
    for (const Group &group : groups_)
        for (const SchedWorld &world : group.worlds)
            if (group.added && world.group() != nullptr) {
                check_world(group, world);
                if (settled && world.is_waiting())
                    check_served(group, world);
            }
}

void Operations::check_world(const Group &group, const SchedWorld &world) {
    const bool running = std::any_of(cpus_.begin(), cpus_.begin() + cpu_count_,
                                     [&world](const Cpu &cpu) { return cpu.running == &world; });
    require(running == world.is_on_cpu(), "on a CPU that does not know it");
    require(world.is_waiting() == (world.is_runnable() && !running && !group.is_paused()),
            "waiting is not wanting a CPU without having one");
    const SchedStats &stats = world.stats();
    require(stats.run + stats.ready + stats.wait <= now_, "more time than there was");
}

// Nobody idles beside a world that may run there, and somebody will look after it.
void Operations::check_served(const Group &group, const SchedWorld &world) {
    const bool throttled = group.is_throttled(now_);
    bool served = false;
    for (unsigned index = 0; index < cpu_count_; index++) {
        const Cpu &cpu = cpus_[index];
        if (!world.affinity().has(index))
            continue;
        require(throttled || cpu.running != nullptr, "waits beside an idle CPU");
        served |= cpu.until != kNever;
    }
    require(served, "nobody looks after a world that waits");
}

} // namespace vmm::test

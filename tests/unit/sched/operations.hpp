// SPDX-License-Identifier: GPL-2.0-only
// Any sequence of operations, taken from bytes, with the scheduler's invariants checked after each: for random tests
// and for the fuzz target.
#pragma once

#include "vmm/sched/scheduler.hpp"

#include <array>
#include <span>
#include <string>

namespace vmm::test {

class Operations {
  public:
    // What is wrong, or nothing.
    std::string run(std::span<const std::uint8_t> bytes);

  private:
    static constexpr unsigned kGroups = 4, kWorldsEach = 5, kCpus = 6;
    static constexpr std::uint64_t kJitter = 50;
    struct Group : SchedGroup {
        std::array<SchedWorld, kWorldsEach> worlds;
        bool added = false;
    };
    struct Cpu {
        SchedWorld *running = nullptr;
        std::uint64_t until = kNever;
        bool kicked = false;
    };

    std::uint64_t take(unsigned size);
    std::uint64_t take_below(std::uint64_t most) { return take(2) % most; }
    std::uint64_t jittered() { return now_ - take_below(kJitter); } // a CPU whose clock is late
    SchedParameters take_parameters();
    void step();
    void step_group(Group &group, unsigned operation);
    void step_world(Group &group, SchedWorld &world, unsigned operation);
    void pick(unsigned cpu, std::uint64_t now);
    void answer_kicks();
    void answer_timers();
    void send(const CpuMask &kicks);
    void check();
    void check_world(const Group &group, const SchedWorld &world);
    void check_served(const Group &group, const SchedWorld &world);
    void require(bool holds, const char *what);

    std::span<const std::uint8_t> bytes_;
    unsigned cpu_count_ = 1;
    std::uint64_t now_ = 1'000'000'000;
    std::array<Scheduler::Cpu, kCpus> cpu_room_{};
    Scheduler scheduler_;
    std::array<Group, kGroups> groups_;
    std::array<Cpu, kCpus> cpus_;
    std::string problem_;
};

} // namespace vmm::test

// SPDX-License-Identifier: GPL-2.0-only
// A machine in simulated time under the scheduler: CPUs with timers and kicks that take a while, and worlds that run,
// block and yield as their behaviour says. Everything follows from the seed.
#pragma once

#include "vmm/sched/scheduler.hpp"

#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace vmm::test {

using Time = std::uint64_t; // ticks of a TSC of 1 GHz
inline constexpr Time kMicrosecond = 1000, kMillisecond = 1000 * kMicrosecond, kSecond = 1000 * kMillisecond;

// What a world does next: so much work, and then a pause, or its turn to others.
struct Burst {
    Time work = kNever;
    bool yields = false;
    Time pause = 0;
};
using Behaviour = std::function<Burst()>;

inline Burst spin() {
    return {};
}
inline Behaviour periodic(Time work, Time pause) {
    return [=] { return Burst{work, false, pause}; };
}
inline Behaviour yielding(Time work) {
    return [=] { return Burst{work, true, 0}; };
}

Behaviour random_bursts(unsigned seed, Time most_work, Time most_pause);

struct SimulatedWorld : SchedWorld {
    std::string name;
    Behaviour behaviour;
    Burst burst{0, false, 0};
    Time left = 0;
    Time wakes_at = kNever;
    Time asked_at = kNever;    // wanting a CPU since then
    Time called_at = kNever;   // by a wake-up or an interrupt that it has not seen
    Time run = 0;              // as the machine measures it
    Time longest = 0;          // time without the CPU while it wanted one
    std::vector<Time> latency; // from a call to the CPU

    void got_cpu(Time now);
};

struct SimulatedGroup : SchedGroup {
    std::deque<SimulatedWorld> worlds;
    Time run() const;
    Time skew() const; // between the most and the least that a world has run
    Time most_skew = 0;
};

class Simulator {
  public:
    explicit Simulator(unsigned cpus);

    SimulatedGroup &add_vm(SchedParameters parameters, std::vector<Behaviour> behaviours);
    // One world for each CPU, pinned.
    SimulatedGroup &add_console(SchedParameters parameters, const Behaviour &behaviour);
    void set(SimulatedGroup &group, const SchedParameters &parameters) {
        send(scheduler_.set(group, parameters, now_));
    }
    void pause(SimulatedGroup &group) { send(scheduler_.pause(group, now_)); }
    void resume(SimulatedGroup &group) { send(scheduler_.resume(group, now_)); }
    void interrupt(SimulatedWorld &world);
    // Not before that time, whatever it was about to do.
    void sleep(SimulatedWorld &world, Time time) { world.wakes_at = now_ + time; }
    void every(Time period, std::function<void()> action);

    void run(Time duration);
    void reset_counts();

    Time now() const { return now_; }
    Scheduler &scheduler() { return scheduler_; }
    SimulatedWorld *running(unsigned cpu) const { return cpus_[cpu].running; }
    unsigned timer_calls() const { return timer_calls_; }
    Time until(unsigned cpu) const { return cpus_[cpu].until; }
    const std::vector<std::string> &complaints() const { return complaints_; }
    CpuMask all() const { return CpuMask::first(static_cast<unsigned>(cpus_.size())); }

  private:
    static constexpr Time kKickTakes = 2 * kMicrosecond;
    struct Cpu {
        SimulatedWorld *running = nullptr;
        Time until = kNever, kicked_at = kNever;
    };
    struct Action {
        Time at, period;
        std::function<void()> act;
    };

    SimulatedWorld &add_world(SimulatedGroup &group, const Behaviour &behaviour, unsigned cpu);
    void send(const CpuMask &kicks);
    Time next_event() const;
    void advance(Time to);
    void wake(SimulatedWorld &world);
    void finish_burst(SimulatedWorld &world);
    void step_cpu(unsigned index);
    void check();
    void check_idle(unsigned cpu);
    void complain(const std::string &what);

    std::vector<Scheduler::Cpu> cpu_room_;
    Scheduler scheduler_;
    Time now_ = kSecond;
    std::vector<Cpu> cpus_;
    std::deque<SimulatedGroup> groups_;
    std::vector<Action> actions_;
    unsigned timer_calls_ = 0;
    std::vector<std::string> complaints_;
};

} // namespace vmm::test

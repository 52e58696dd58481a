// SPDX-License-Identifier: GPL-2.0-only
// All CPUs decide one thing together: go, or do not. A CPU that fails or waits too long calls it off for all; once the
// last one has arrived in time, nobody can. Used for the launch and for leaving.
#pragma once

#include <atomic>
#include <cstdint>

namespace vmm {

class Rendezvous {
  public:
    enum class Outcome : std::uint32_t { Pending, Deciding, Go, Off };
    // What a CPU is told: the one that called it off for want of the others is told so.
    enum class Word { Go, Off, TimedOut };

    void expect(std::uint32_t cpus, std::uint64_t timeout_tsc) {
        cpus_ = cpus;
        timeout_ = timeout_tsc;
    }

    Outcome outcome() const { return outcome_.load(std::memory_order_acquire); }

    // Calls it off, unless it is decided. True for the CPU that did.
    bool call_off() { return move(Outcome::Pending, Outcome::Off); }

    // Waits until `cpus` CPUs have arrived here, without a decision. `now` is a clock, `relax` is run while waiting.
    template <class Now, class Relax> Word meet(Now now, Relax relax) {
        met_.fetch_add(1, std::memory_order_acq_rel);
        const bool timed_out = wait(now, relax, [this] { return met_.load(std::memory_order_acquire) == cpus_; });
        return timed_out ? Word::TimedOut : outcome() == Outcome::Pending ? Word::Go : Word::Off;
    }

    // The last CPU to arrive performs `commit` and decides; everybody returns what was decided.
    template <class Now, class Relax, class Commit> Word decide(Now now, Relax relax, Commit commit) {
        if (ready_.fetch_add(1, std::memory_order_acq_rel) + 1 == cpus_ && move(Outcome::Pending, Outcome::Deciding)) {
            commit();
            outcome_.store(Outcome::Go, std::memory_order_release);
        }
        if (wait(now, relax, [] { return false; }))
            return Word::TimedOut;
        while (outcome() == Outcome::Deciding)
            relax();
        return outcome() == Outcome::Go ? Word::Go : Word::Off;
    }

    // Everybody has been told and a new round may begin. Called by each CPU once; the last one resets.
    void finish() {
        if (finished_.fetch_add(1, std::memory_order_acq_rel) + 1 != cpus_)
            return;
        met_ = ready_ = finished_ = 0;
        outcome_.store(Outcome::Pending, std::memory_order_release);
    }

  private:
    bool move(Outcome from, Outcome to) {
        return outcome_.compare_exchange_strong(from, to, std::memory_order_acq_rel);
    }

    // Until `done`, a decision, or the time-out. True when this CPU called it off.
    template <class Now, class Relax, class Done> bool wait(Now now, Relax relax, Done done) {
        const std::uint64_t start = now();
        while (!done() && outcome() == Outcome::Pending) {
            relax();
            if (now() - start > timeout_ && call_off())
                return true;
        }
        return false;
    }

    std::atomic<Outcome> outcome_{Outcome::Pending};
    std::atomic<std::uint32_t> met_{0}, ready_{0}, finished_{0};
    std::uint32_t cpus_ = 0;
    std::uint64_t timeout_ = 0;
};

} // namespace vmm

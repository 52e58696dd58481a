// SPDX-License-Identifier: GPL-2.0-only
// All CPUs decide one thing together: go, or do not. A CPU that fails or waits too long calls it off for all; once the
// last one has arrived in time, nobody can. Used for the launch and for leaving.
#pragma once

#include "vmm/base/bits.hpp"

#include <atomic>
#include <cstdint>

namespace vmm {

class Rendezvous {
  public:
    enum class Outcome : std::uint8_t { Pending, Deciding, Go, Off };
    // What a CPU is told: the one that called it off for want of the others is told so.
    enum class Word { Go, Off, TimedOut };

    void expect(std::uint32_t cpus, std::uint64_t timeout_tsc) {
        cpus_ = cpus;
        timeout_ = timeout_tsc;
    }

    Outcome outcome() const { return OutcomeField::get(state()); }

    // Calls it off, unless it is decided. True for the CPU that did.
    bool call_off() { return move(Outcome::Pending, Outcome::Off); }

    // Waits until `cpus` CPUs have arrived here, without a decision. `now` is a clock, `relax` is run while waiting.
    template <class Now, class Relax> Word meet(Now now, Relax relax) {
        state_.fetch_add(Met::make(1), std::memory_order_acq_rel);
        const bool timed_out = wait(now, relax, [this] { return Met::get(state()) == cpus_; });
        return timed_out ? Word::TimedOut : outcome() == Outcome::Pending ? Word::Go : Word::Off;
    }

    // The last CPU to arrive performs `commit` and decides; everybody returns what was decided.
    template <class Now, class Relax, class Commit> Word decide(Now now, Relax relax, Commit commit) {
        const std::uint64_t before = state_.fetch_add(Ready::make(1), std::memory_order_acq_rel);
        if (Ready::get(before) + 1 == cpus_ && move(Outcome::Pending, Outcome::Deciding)) {
            commit();
            move(Outcome::Deciding, Outcome::Go);
        }
        if (wait(now, relax, [] { return false; }))
            return Word::TimedOut;
        while (outcome() == Outcome::Deciding)
            relax();
        return outcome() == Outcome::Go ? Word::Go : Word::Off;
    }

    // Called by each CPU that has met, once it was told. When all of them have, a new round begins; one that never came
    // to this round is not waited for.
    void finish() {
        std::uint64_t seen = state_.fetch_add(Finished::make(1), std::memory_order_acq_rel) + Finished::make(1);
        while (Finished::get(seen) == Met::get(seen))
            if (state_.compare_exchange_weak(seen, 0, std::memory_order_acq_rel))
                return;
    }

  private:
    // One word, so that a round ends for everybody at once: whoever comes is in the old one or in the new one.
    using OutcomeField = Field<1, 0, Outcome>;
    using Met = Field<23, 8>;
    using Ready = Field<39, 24>;
    using Finished = Field<55, 40>;

    std::uint64_t state() const { return state_.load(std::memory_order_acquire); }

    bool move(Outcome from, Outcome to) {
        std::uint64_t seen = state();
        while (OutcomeField::get(seen) == from)
            if (state_.compare_exchange_weak(seen, OutcomeField::set(seen, to), std::memory_order_acq_rel))
                return true;
        return false;
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

    std::atomic<std::uint64_t> state_{0};
    std::uint32_t cpus_ = 0;
    std::uint64_t timeout_ = 0;
};

} // namespace vmm

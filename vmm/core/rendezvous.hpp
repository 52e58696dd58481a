// SPDX-License-Identifier: GPL-2.0-only
// All CPUs decide one thing together: go, or do not. A CPU that fails or waits too long calls it off for all; once the
// last one has arrived in time, nobody can. Used for the launch and for leaving.
//
// A round begins with the first CPU that comes and ends with the last one that goes, so that one which comes alone, or
// far too late, spoils its own round and no other. All of the state is one word: every step is one exchange.
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

    Outcome outcome() const { return OutcomeField::get(state_.load(std::memory_order_acquire)); }

    // Calls it off, unless it is decided. True for the CPU that did.
    bool call_off() { return move(Outcome::Pending, Outcome::Off); }

    // Waits until `cpus` CPUs have arrived here, without a decision. `now` is a clock, `relax` is run while waiting.
    template <class Now, class Relax> Word meet(Now now, Relax relax) {
        update([](std::uint64_t s) { return add<Met>(add<Inside>(s)); });
        const auto all_met = [this] { return Met::get(state_.load(std::memory_order_acquire)) == cpus_; };
        if (wait(now, relax, all_met))
            return Word::TimedOut;
        return outcome() == Outcome::Off ? Word::Off : Word::Go;
    }

    // After meet(). The last CPU to arrive performs `commit` and decides; everybody returns what was decided.
    template <class Now, class Relax, class Commit> Word decide(Now now, Relax relax, Commit commit) {
        const std::uint64_t state = update([](std::uint64_t s) { return add<Ready>(s); });
        if (Ready::get(state) == cpus_ && move(Outcome::Pending, Outcome::Deciding)) {
            commit();
            move(Outcome::Deciding, Outcome::Go);
        }
        if (wait(now, relax, [] { return false; }))
            return Word::TimedOut;
        while (outcome() == Outcome::Deciding)
            relax();
        return outcome() == Outcome::Go ? Word::Go : Word::Off;
    }

    // Once for each meet(), when its CPU has been told: the last one that goes makes room for the next round.
    void finish() {
        update([](std::uint64_t s) {
            const std::uint64_t inside = Inside::get(s) - 1;
            return inside == 0 ? 0 : Inside::set(s, inside);
        });
    }

  private:
    using OutcomeField = Field<1, 0, Outcome>;
    using Inside = Field<19, 2>;
    using Met = Field<37, 20>;
    using Ready = Field<55, 38>;

    template <class F> static constexpr std::uint64_t add(std::uint64_t state) {
        return F::set(state, F::get(state) + 1);
    }

    // Returns the new state.
    template <class Change> std::uint64_t update(Change change) {
        std::uint64_t old = state_.load(std::memory_order_relaxed);
        while (!state_.compare_exchange_weak(old, change(old), std::memory_order_acq_rel))
            ;
        return change(old);
    }

    bool move(Outcome from, Outcome to) {
        std::uint64_t old = state_.load(std::memory_order_relaxed);
        do
            if (OutcomeField::get(old) != from)
                return false;
        while (!state_.compare_exchange_weak(old, OutcomeField::set(old, to), std::memory_order_acq_rel));
        return true;
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

// SPDX-License-Identifier: GPL-2.0-only
// ApicTimer: the LAPIC's timer over a TSC clock. It never fires early and, when periodic, does not drift.
#pragma once

#include "vmm/apic/registers.hpp"
#include "vmm/base/result.hpp"

#include <cstdint>

namespace vmm {

// log2 of the divisor that a divide configuration register selects: 0b1011 is 1, 0 is 2, ... 0b1010 is 128.
constexpr unsigned divide_shift(std::uint32_t tdcr) {
    return (lapic::DivideHigh::get(tdcr) * 4u + lapic::DivideLow::get(tdcr) + 1) & 7;
}

// Masking, vectors and the LVT belong to the LAPIC; this class only tells when.
// Times are absolute TSC values. Time is 64 bits wide with 48 bits of fraction behind it.
class ApicTimer {
  public:
    static constexpr std::uint64_t kNever = ~0ull;

    // Frequencies of the TSC and of the timer's input clock, before its divider. The ratio must be within 1/16 to
    // 65,535 (Errc::Invalid otherwise): then no product below can overflow.
    Result<void> configure(std::uint32_t tsc_khz, std::uint32_t timer_khz);

    // Stopped, all registers zero. Keeps the frequencies.
    void reset();
    // As found in hardware at `now`. `tsc_deadline` counts in that mode only, the counts in the others.
    void restore(TimerMode mode, std::uint32_t initial, std::uint32_t current, std::uint32_t tdcr,
                 std::uint64_t tsc_deadline, std::uint64_t now);

    // Call expire() before any of these: an expiry that is due and not yet seen is lost in them.
    // To or from TscDeadline disarms; between OneShot and Periodic a running count goes on.
    void set_mode(TimerMode mode, std::uint64_t now);
    void set_initial_count(std::uint32_t count, std::uint64_t now); // ignored in TscDeadline mode
    void set_divide(std::uint32_t tdcr, std::uint64_t now);         // a running count goes on at the new rate
    void set_tsc_deadline(std::uint64_t deadline);                  // ignored outside TscDeadline mode

    TimerMode mode() const { return mode_; }
    std::uint32_t initial_count() const { return initial_; }
    std::uint32_t divide_register() const { return tdcr_; }
    std::uint32_t current_count(std::uint64_t now) const;
    std::uint64_t tsc_deadline() const { return mode_ == TimerMode::TscDeadline ? tsc_deadline_ : 0; }

    // The first TSC value at which expire() is true; kNever when stopped.
    std::uint64_t deadline() const { return deadline_; }
    // True once for each expiry; several missed periods count as one, and the phase is kept.
    bool expire(std::uint64_t now) {
        if (now < deadline_) [[likely]]
            return false;
        return expire_due(now);
    }

  private:
    __extension__ using Fixed = unsigned __int128; // TSC ticks, 48 fraction bits

    bool expire_due(std::uint64_t now);
    void arm(std::uint32_t count, std::uint64_t now);
    void set_end(Fixed end);
    void note_period();
    void stop();

    std::uint64_t deadline_ = kNever; // end_ rounded up
    Fixed end_ = 0;
    Fixed period_ = 0;                  // of initial_ at the current divisor; when it is periodic
    std::uint64_t ticks_per_clock_ = 0; // 48 fraction bits, rounded up
    std::uint64_t clocks_per_tick_ = 0; // 59 fraction bits, rounded down
    std::uint64_t tsc_deadline_ = 0;
    std::uint32_t initial_ = 0;
    std::uint32_t tdcr_ = 0;
    TimerMode mode_ = TimerMode::OneShot;
};

} // namespace vmm

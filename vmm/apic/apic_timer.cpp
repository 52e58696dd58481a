// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/apic_timer.hpp"

#include <algorithm>

namespace vmm {
namespace {

// Sizes: a count is 32 bits, times a divisor of up to 2^7 is 39 bits of input clocks. Ticks per clock are below 2^16:
// 39 + 16 + 48 fraction bits are 103 bits. Clocks per tick are at most 16: 55 bits of ticks times 64 bits are 119.
constexpr unsigned kTickFraction = 48;
constexpr unsigned kClockFraction = 59;

// numerator / denominator with `fraction` bits behind the point, by long division (there is no 128-bit divide here).
std::uint64_t ratio(std::uint64_t numerator, std::uint64_t denominator, unsigned fraction, bool round_up) {
    std::uint64_t quotient = numerator / denominator;
    std::uint64_t remainder = numerator % denominator;
    for (unsigned n = 0; n < fraction; n++) {
        remainder <<= 1; // both are 32-bit values: no overflow
        quotient <<= 1;
        if (remainder >= denominator) {
            remainder -= denominator;
            quotient |= 1;
        }
    }
    return quotient + (round_up && remainder != 0);
}

} // namespace

Result<void> ApicTimer::configure(std::uint32_t tsc_khz, std::uint32_t timer_khz) {
    if (timer_khz == 0 || tsc_khz / timer_khz >= 0xffff || std::uint64_t{tsc_khz} * 16 < timer_khz)
        return Errc::Invalid;
    ticks_per_clock_ = ratio(tsc_khz, timer_khz, kTickFraction, true);
    clocks_per_tick_ = ratio(timer_khz, tsc_khz, kClockFraction, false);
    reset();
    return {};
}

void ApicTimer::reset() {
    mode_ = TimerMode::OneShot;
    initial_ = 0;
    tdcr_ = 0;
    stop();
}

void ApicTimer::restore(TimerMode mode, std::uint32_t initial, std::uint32_t current, std::uint32_t tdcr,
                        std::uint64_t tsc_deadline, std::uint64_t now) {
    reset();
    mode_ = mode;
    tdcr_ = tdcr;
    if (mode == TimerMode::TscDeadline)
        return set_tsc_deadline(tsc_deadline);
    if (mode == TimerMode::Reserved)
        return;
    set_initial_count(initial, now);
    // A periodic timer read at the moment of its reload shows zero: the period just begins.
    if (current != 0 || mode == TimerMode::OneShot)
        arm(std::min(current, initial), now);
}

void ApicTimer::stop() {
    tsc_deadline_ = 0;
    deadline_ = kNever;
}

void ApicTimer::set_end(Fixed end) {
    end_ = end;
    deadline_ = static_cast<std::uint64_t>((end + ((Fixed{1} << kTickFraction) - 1)) >> kTickFraction);
}

void ApicTimer::arm(std::uint32_t count, std::uint64_t now) {
    if (count == 0)
        return stop();
    const std::uint64_t clocks = std::uint64_t{count} << divide_shift(tdcr_);
    set_end((Fixed{now} << kTickFraction) + Fixed{clocks} * ticks_per_clock_);
}

void ApicTimer::set_initial_count(std::uint32_t count, std::uint64_t now) {
    if (mode_ >= TimerMode::TscDeadline) [[unlikely]]
        return;
    initial_ = count;
    arm(count, now);
    if (mode_ == TimerMode::Periodic)
        note_period();
}

void ApicTimer::note_period() {
    period_ = (Fixed{initial_} << divide_shift(tdcr_)) * ticks_per_clock_;
}

void ApicTimer::set_divide(std::uint32_t tdcr, std::uint64_t now) {
    const std::uint32_t remaining = current_count(now);
    const bool is_same = divide_shift(tdcr) == divide_shift(tdcr_);
    tdcr_ = tdcr;
    if (is_same || mode_ >= TimerMode::TscDeadline || initial_ == 0)
        return;
    note_period();
    arm(remaining, now);
}

void ApicTimer::set_mode(TimerMode mode, std::uint64_t now) {
    if (mode == mode_)
        return;
    expire(now); // in the old mode
    if (mode >= TimerMode::TscDeadline || mode_ >= TimerMode::TscDeadline) {
        initial_ = 0;
        stop();
    }
    mode_ = mode;
    note_period();
}

void ApicTimer::set_tsc_deadline(std::uint64_t deadline) {
    if (mode_ != TimerMode::TscDeadline)
        return;
    tsc_deadline_ = deadline;
    deadline_ = deadline != 0 ? deadline : kNever;
}

// One-shot: the time left. Periodic: the same after the periods that nobody has counted yet.
std::uint32_t ApicTimer::current_count(std::uint64_t now) const {
    if (mode_ >= TimerMode::TscDeadline || deadline_ == kNever)
        return 0;
    if (now >= deadline_) {
        ApicTimer later = *this;
        later.expire(now);
        return later.deadline_ == kNever ? 0 : later.current_count(now);
    }
    const unsigned shift = kClockFraction + divide_shift(tdcr_);
    const Fixed clocks = Fixed{deadline_ - now} * clocks_per_tick_;
    const auto count = static_cast<std::uint64_t>((clocks + ((Fixed{1} << shift) - 1)) >> shift);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(count, initial_));
}

bool ApicTimer::expire_due(std::uint64_t now) {
    if (mode_ != TimerMode::Periodic) {
        stop();
        return true;
    }
    Fixed late = (Fixed{now} << kTickFraction) - end_;
    if (late >= period_) [[unlikely]] {
        // Remainder of late / period_, by doubling: `late` is below 2^112, so `step` cannot overflow.
        Fixed step = period_;
        while (step <= late >> 1)
            step <<= 1;
        for (; step >= period_; step >>= 1)
            if (step <= late)
                late -= step;
        end_ = (Fixed{now} << kTickFraction) - late;
    }
    set_end(end_ + period_);
    return true;
}

} // namespace vmm

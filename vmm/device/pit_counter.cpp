// SPDX-License-Identifier: GPL-2.0-only
// How the modes count. The section titles are those of the 8254 data sheet.
#include "vmm/device/pit_counter.hpp"

#include <algorithm>

namespace vmm::device {

std::uint16_t PitCounter::encode(std::uint32_t value) const {
    value %= modulus();
    if (!bcd_)
        return static_cast<std::uint16_t>(value);
    return static_cast<std::uint16_t>(value / 1000 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10);
}

// 0 is the largest count. 1 is illegal in the periodic modes, which have no such period; it counts as 2.
std::uint32_t PitCounter::decode(std::uint16_t raw) const {
    std::uint32_t count = raw;
    if (bcd_)
        count = (raw >> 12) * 1000u + (raw >> 8 & 15) * 100u + (raw >> 4 & 15) * 10u + (raw & 15u);
    if (count == 0)
        return modulus();
    return is_periodic() ? std::max(count, 2u) : count;
}

// "Mode 3": by two each pulse; an odd count is loaded less one, and the high half gets the pulse that is over.
std::uint32_t PitCounter::square_value(Tick elapsed) const {
    Tick phase = elapsed % count_;
    if (phase >= high_half())
        phase -= high_half();
    return static_cast<std::uint32_t>((count_ & ~1u) - 2 * phase);
}

// The counting element. Modes that do not reload go on from the largest value.
std::uint16_t PitCounter::value(Tick now) const {
    if (state_ == State::Stopped || now < start_)
        return held_value_;
    const Tick ticks = elapsed(now);
    if (mode_ == Mode::RateGenerator)
        return encode(static_cast<std::uint32_t>(count_ - ticks % count_));
    if (mode_ == Mode::SquareWave)
        return encode(square_value(ticks));
    return encode(static_cast<std::uint32_t>(count_ + modulus() - ticks % modulus()));
}

bool PitCounter::out(Tick now) const {
    if (state_ == State::Stopped || now < start_)
        return held_out_;
    const Tick ticks = elapsed(now);
    switch (mode_) {
    case Mode::InterruptOnTerminalCount:
    case Mode::OneShot:
        return ticks >= count_;
    case Mode::RateGenerator:
        return state_ == State::Paused || ticks % count_ != count_ - 1;
    case Mode::SquareWave:
        return state_ == State::Paused || ticks % count_ < high_half();
    case Mode::SoftwareStrobe: // a pause does not make the strobe longer
        return struck_ || ticks != count_ || now - start_ != ticks;
    case Mode::HardwareStrobe:
        return ticks != count_;
    }
    return true;
}

PitCounter::Tick PitCounter::next_rise(Tick now) const {
    if (state_ != State::Counting)
        return kFar;
    if (mode_ == Mode::SquareWave)
        return next_square_rise(now);
    const bool is_strobe = mode_ == Mode::SoftwareStrobe || mode_ == Mode::HardwareStrobe;
    if (is_strobe && now < start_ && !held_out_)
        return start_; // a strobe ends by the pulse that loads the next count
    const Tick rise = start_ + count_ + (is_strobe ? 1 : 0);
    if (rise > now)
        return struck_ ? kFar : rise;
    return mode_ == Mode::RateGenerator ? rise + ((now - rise) / count_ + 1) * count_ : kFar;
}

// A new count may be loaded between the halves: then the low one is already of its length.
PitCounter::Tick PitCounter::next_square_rise(Tick now) const {
    const Tick periods = now < start_ ? 1 : (now - start_) / count_ + 1;
    const Tick rise = start_ + periods * count_;
    return switching_ && loaded_at_ < rise ? loaded_at_ + reload_ / 2 : rise;
}

// "Mode 2": a new count is loaded at the end of the period. "Mode 3": of the half.
PitCounter::Tick PitCounter::next_period(Tick now) const {
    const Tick next = now + 1;
    const Tick phase = (next - start_) % count_;
    if (phase == 0)
        return next;
    const bool is_high_half = mode_ == Mode::SquareWave && phase <= high_half();
    return next - phase + (is_high_half ? high_half() : count_);
}

void PitCounter::settle(Tick now) {
    if (!switching_ || now < loaded_at_)
        return;
    const bool after_high_half = (loaded_at_ - start_) % count_ != 0;
    count_ = reload_;
    start_ = after_high_half ? loaded_at_ - high_half() : loaded_at_;
    switching_ = false;
}

void PitCounter::hold(Tick now) {
    const bool out_now = out(now);
    held_value_ = value(now);
    held_out_ = out_now;
}

// The count that was written is loaded at the next pulse.
void PitCounter::load(Tick now) {
    hold(now);
    count_ = reload_;
    start_ = now + 1;
    if (now < loaded_at_) // a trigger may load the same count again
        loaded_at_ = start_;
    paused_ = 0;
    switching_ = struck_ = false;
    state_ = gate_ || is_triggered() ? State::Counting : State::Paused;
}

void PitCounter::set_count(std::uint16_t raw, Tick now) {
    reload_ = decode(raw);
    const bool is_loading = state_ != State::Stopped && now < start_;
    if (is_loading && (is_periodic() || is_triggered())) {
        count_ = reload_; // in time for the pulse that loads
        loaded_at_ = start_;
        return;
    }
    loaded_at_ = kFar;
    if (!is_periodic() && !is_triggered()) {
        load(now);
        held_out_ = mode_ == Mode::SoftwareStrobe && held_out_;
    } else if (is_periodic() && !has_count_) {
        load(now);
    } else if (is_periodic() && state_ == State::Counting) {
        switching_ = true;
        loaded_at_ = next_period(now);
    }
    has_count_ = true;
}

// "Gate": in modes 0 and 4 it stops the counting, in 2 and 3 also the output, and its edge starts all others.
void PitCounter::set_gate(bool gate, Tick now) {
    if (gate == gate_)
        return;
    gate_ = gate;
    if (is_triggered()) {
        if (gate && has_count_)
            load(now);
    } else if (!gate && state_ == State::Counting) {
        pause(now);
    } else if (gate && state_ == State::Paused) {
        resume(now);
    }
}

void PitCounter::pause(Tick now) {
    if (is_periodic()) {
        held_out_ = true;
        if (switching_)
            loaded_at_ = kFar;
        switching_ = false;
    }
    paused_ = std::max<Tick>(now - start_, 0);
    state_ = State::Paused;
}

void PitCounter::resume(Tick now) {
    if (is_periodic())
        return load(now);
    struck_ = struck_ || paused_ >= count_;
    start_ = std::max(now - paused_, start_);
    state_ = State::Counting;
}

} // namespace vmm::device

// SPDX-License-Identifier: GPL-2.0-only
// How a counter is programmed and read: "Programming the 8254", "Read Operations".
#include "vmm/device/pit_counter.hpp"

namespace vmm::device {
namespace {

using ControlBcd = Field<0, 0, bool>;
using ControlMode = Field<3, 1, std::uint8_t>;
using ControlAccess = Field<5, 4, std::uint8_t>;
using StatusNullCount = Field<6, 6, bool>;
using StatusOut = Field<7, 7, bool>;

} // namespace

void PitCounter::set_control(std::uint8_t control, Tick now) {
    const std::uint8_t mode = ControlMode::get(control);
    held_value_ = value(now);
    mode_ = static_cast<Mode>(mode < 6 ? mode : mode - 4);
    held_out_ = mode_ != Mode::InterruptOnTerminalCount;
    access_ = static_cast<Access>(ControlAccess::get(control));
    bcd_ = ControlBcd::get(control);
    state_ = State::Stopped;
    loaded_at_ = kFar;
    has_count_ = switching_ = struck_ = false;
    writes_high_ = reads_high_ = is_count_latched_ = is_status_latched_ = false;
}

// Latched again before it was read, the first one stays.
void PitCounter::latch_count(Tick now) {
    if (is_count_latched_)
        return;
    is_count_latched_ = true;
    latched_count_ = value(now);
}

void PitCounter::latch_status(Tick now) {
    if (is_status_latched_)
        return;
    is_status_latched_ = true;
    latched_status_ =
        static_cast<std::uint8_t>(ControlBcd::make(bcd_) | ControlMode::make(static_cast<std::uint8_t>(mode_)) |
                                  ControlAccess::make(static_cast<std::uint8_t>(access_)) |
                                  StatusNullCount::make(now < loaded_at_) | StatusOut::make(out(now)));
}

std::uint8_t PitCounter::read(Tick now) {
    if (is_status_latched_) {
        is_status_latched_ = false;
        return latched_status_;
    }
    const std::uint16_t count = is_count_latched_ ? latched_count_ : value(now);
    const bool high = access_ == Access::High || (access_ == Access::Both && reads_high_);
    if (access_ == Access::Both)
        reads_high_ = !reads_high_;
    if (access_ != Access::Both || !reads_high_)
        is_count_latched_ = false;
    return static_cast<std::uint8_t>(high ? count >> 8 : count);
}

// "Mode 0": the first of two bytes stops the counting, and the output is low at once.
void PitCounter::write(std::uint8_t byte, Tick now) {
    if (access_ == Access::Low)
        return set_count(byte, now);
    if (access_ == Access::High)
        return set_count(static_cast<std::uint16_t>(byte << 8), now);
    writes_high_ = !writes_high_;
    if (!writes_high_)
        return set_count(static_cast<std::uint16_t>(byte << 8 | low_byte_), now);
    low_byte_ = byte;
    if (mode_ == Mode::InterruptOnTerminalCount) {
        held_value_ = value(now);
        held_out_ = false;
        state_ = State::Stopped;
        if (now < loaded_at_)
            loaded_at_ = kFar;
    }
}

} // namespace vmm::device

// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/device/pit8254.hpp"

#include <algorithm>

namespace vmm::device {
namespace {

// Control word.
using Select = Field<7, 6, std::uint8_t>;
using Command = Field<5, 0, std::uint8_t>;
using Access = Field<5, 4, std::uint8_t>; // 0: latch the count
constexpr std::uint8_t kReadBack = 3;
// Read-back command; the first two are active low.
using LeaveCount = Field<5, 5, bool>;
using LeaveStatus = Field<4, 4, bool>;
constexpr unsigned kFirstCounterBit = 1;

// System control port B: 82371AB data sheet, 4.2.8.1 "NMISC".
using Gate2 = Field<0, 0, bool>;
using Refresh = Field<4, 4, bool>;
using Out2 = Field<5, 5, bool>;
constexpr std::uint8_t kPortBWritable = 0x0f;
constexpr PitCounter::Tick kRefreshTicks = 18; // memory is refreshed every 15 us

} // namespace

PitCounter::Tick Pit8254::advance(std::uint64_t now) {
    const auto tick = std::max(static_cast<PitCounter::Tick>(Time::ticks(now)), now_);
    rose_ = rose_ || counters_[0].next_rise(now_) <= tick;
    for (PitCounter &counter : counters_)
        counter.settle(tick);
    now_ = tick;
    return tick;
}

void Pit8254::run(std::uint64_t now) {
    advance(now);
}

std::uint64_t Pit8254::next_edge() const {
    const PitCounter::Tick rise = counters_[0].next_rise(now_);
    return rise == PitCounter::kFar ? kNever : Time::time(static_cast<std::uint64_t>(rise));
}

std::uint8_t Pit8254::read(unsigned port, std::uint64_t now) {
    const PitCounter::Tick tick = advance(now);
    return port < kCounters ? counters_[port].read(tick) : 0xff; // the control word cannot be read
}

void Pit8254::write(unsigned port, std::uint8_t value, std::uint64_t now) {
    const PitCounter::Tick tick = advance(now);
    const bool was_high = irq();
    if (port == kControlPort)
        write_control(value, tick);
    else
        counters_[port].write(value, tick);
    rose_ = rose_ || (!was_high && irq());
}

void Pit8254::write_control(std::uint8_t value, PitCounter::Tick tick) {
    const unsigned select = Select::get(value);
    if (select == kReadBack)
        read_back(value, tick);
    else if (Access::get(value) == 0)
        counters_[select].latch_count(tick);
    else
        counters_[select].set_control(Command::get(value), tick);
}

void Pit8254::read_back(std::uint8_t value, PitCounter::Tick tick) {
    for (unsigned n = 0; n < kCounters; n++) {
        if ((value >> (kFirstCounterBit + n) & 1) == 0)
            continue;
        if (!LeaveCount::get(value))
            counters_[n].latch_count(tick);
        if (!LeaveStatus::get(value))
            counters_[n].latch_status(tick);
    }
}

std::uint8_t Pit8254::read_port_b(std::uint64_t now) {
    const PitCounter::Tick tick = advance(now);
    return static_cast<std::uint8_t>(port_b_ | Refresh::make(tick / kRefreshTicks % 2 != 0) |
                                     Out2::make(counters_[kSpeaker].out(tick)));
}

void Pit8254::write_port_b(std::uint8_t value, std::uint64_t now) {
    const PitCounter::Tick tick = advance(now);
    port_b_ = value & kPortBWritable;
    counters_[kSpeaker].set_gate(Gate2::get(value), tick);
}

} // namespace vmm::device

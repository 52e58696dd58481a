// SPDX-License-Identifier: GPL-2.0-only
// PitCounter: one counter of the 8254 data sheet. Nothing happens at its clock's pulses; what they would have done is
// computed when somebody looks, in constant time.
#pragma once

#include "vmm/base/bits.hpp"

#include <cstdint>
#include <limits>

namespace vmm::device {

class PitCounter {
  public:
    // Clock pulses since the start; what happens at tick t happens after pulse t and before pulse t + 1.
    using Tick = std::int64_t;
    static constexpr Tick kFar = std::numeric_limits<Tick>::max();

    constexpr explicit PitCounter(bool gate) : gate_(gate) {}

    // Call first with the time of what follows: a count that was waiting for the end of a period takes effect.
    void settle(Tick now);

    // A control word with its counter select bits left out.
    void set_control(std::uint8_t control, Tick now);
    void latch_count(Tick now);
    void latch_status(Tick now);
    void write(std::uint8_t byte, Tick now);
    std::uint8_t read(Tick now);
    void set_gate(bool gate, Tick now);
    bool gate() const { return gate_; }

    bool out(Tick now) const;
    // The first tick after `now` at which OUT rises if nobody touches the counter, and its gate is open.
    Tick next_rise(Tick now) const;

  private:
    enum class State : std::uint8_t {
        Stopped,  // no count was written since the control word, or no trigger came
        Counting, // from start_, which may be the next tick
        Paused,   // by the gate
    };
    enum class Access : std::uint8_t { Latch, Low, High, Both };
    // Modes 6 and 7 are 2 and 3.
    enum class Mode : std::uint8_t {
        InterruptOnTerminalCount,
        OneShot,
        RateGenerator,
        SquareWave,
        SoftwareStrobe,
        HardwareStrobe
    };

    bool is_periodic() const { return mode_ == Mode::RateGenerator || mode_ == Mode::SquareWave; }
    bool is_triggered() const { return mode_ == Mode::OneShot || mode_ == Mode::HardwareStrobe; }
    Tick elapsed(Tick now) const { return state_ == State::Paused ? paused_ : now - start_; }
    Tick high_half() const { return (count_ + 1) / 2; }
    std::uint32_t modulus() const { return bcd_ ? 10000 : 0x10000; }
    std::uint16_t value(Tick now) const;
    std::uint32_t square_value(Tick elapsed) const;
    std::uint16_t encode(std::uint32_t value) const;
    std::uint32_t decode(std::uint16_t raw) const;
    Tick next_period(Tick now) const;
    Tick next_square_rise(Tick now) const;
    void hold(Tick now);
    void load(Tick now);
    void set_count(std::uint16_t raw, Tick now);
    void pause(Tick now);
    void resume(Tick now);

    Tick start_ = 0;           // the tick at which count_ is loaded, or would have been
    Tick loaded_at_ = kFar;    // until then the count that was written is not the one that counts: "null count"
    Tick paused_ = 0;          // elapsed ticks
    std::uint32_t count_ = 0;  // N of the data sheet: 1 to 65536
    std::uint32_t reload_ = 0; // as last written
    Mode mode_ = Mode::InterruptOnTerminalCount;
    State state_ = State::Stopped;
    Access access_ = Access::Both;
    bool bcd_ = false;
    bool gate_;
    bool has_count_ = false; // since the control word
    bool switching_ = false; // reload_ becomes count_ at loaded_at_
    bool struck_ = false;    // mode 4: the strobe is over

    // Until start_, and while stopped.
    bool held_out_ = false;
    std::uint16_t held_value_ = 0;

    bool writes_high_ = false;
    bool reads_high_ = false;
    std::uint8_t low_byte_ = 0;
    bool is_count_latched_ = false;
    bool is_status_latched_ = false;
    std::uint8_t latched_status_ = 0;
    std::uint16_t latched_count_ = 0;
};

} // namespace vmm::device

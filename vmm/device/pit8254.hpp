// SPDX-License-Identifier: GPL-2.0-only
// Pit8254: a PC's interval timer, with the bits of system control port B (0x61) that are wired to it.
#pragma once

#include "vmm/device/clock.hpp"
#include "vmm/device/pit_counter.hpp"

#include <array>
#include <cstdint>

namespace vmm::device {

class Pit8254 {
  public:
    using Time = Clock<1'193'182>;

    void reset() { *this = {}; }

    // Ports 0 to 2 are the counters, 3 the control word. An access brings the time forward as run() does.
    std::uint8_t read(unsigned port, std::uint64_t now);
    void write(unsigned port, std::uint8_t value, std::uint64_t now);
    std::uint8_t read_port_b(std::uint64_t now);
    void write_port_b(std::uint8_t value, std::uint64_t now);

    void run(std::uint64_t now);
    // Whether counter 0's output, which is IRQ 0, has risen since the last call; any number of times is once.
    bool take_rise() {
        const bool rose = rose_;
        rose_ = false;
        return rose;
    }
    bool irq() const { return counters_[0].out(now_); } // its level at the time of the last call with a time
    // When it rises next, seen from there; kNever if it does not.
    std::uint64_t next_edge() const;

  private:
    static constexpr unsigned kCounters = 3, kControlPort = 3, kSpeaker = 2;

    PitCounter::Tick advance(std::uint64_t now);
    void write_control(std::uint8_t value, PitCounter::Tick tick);
    void read_back(std::uint8_t value, PitCounter::Tick tick);

    std::array<PitCounter, kCounters> counters_{PitCounter(true), PitCounter(true), PitCounter(false)}; // port B's gate
    PitCounter::Tick now_ = 0;
    std::uint8_t port_b_ = 0;
    bool rose_ = false;
};

} // namespace vmm::device

// SPDX-License-Identifier: GPL-2.0-only
// PicPair: a PC's two interrupt controllers, the second on pin 2 of the first, and their edge/level registers.
#pragma once

#include "vmm/device/pic8259.hpp"

#include <cstdint>

namespace vmm::device {

class PicPair {
  public:
    static constexpr unsigned kLines = 16;

    void reset(); // the lines stay

    // Line 2 is the cascade and nobody else's.
    void set_line(unsigned line, bool asserted);

    // By the last bit of the port: A0.
    std::uint8_t read_first(unsigned a0);
    std::uint8_t read_second(unsigned a0);
    void write_first(unsigned a0, std::uint8_t value);
    void write_second(unsigned a0, std::uint8_t value);
    std::uint8_t read_trigger(unsigned index) const { return static_cast<std::uint8_t>(level_triggered_ >> 8 * index); }
    void write_trigger(unsigned index, std::uint8_t value);

    bool intr() const { return first_.intr(); }
    std::uint8_t acknowledge();

    bool is_masked(unsigned line) const {
        return line < 8 ? is_first_masked(line) : is_first_masked(kCascade) || (second_.mask() >> (line - 8) & 1) != 0;
    }
    bool is_requested(unsigned line) const { return ((first_.requests() | second_.requests() << 8) >> line & 1) != 0; }

  private:
    static constexpr unsigned kCascade = 2;

    bool is_first_masked(unsigned pin) const { return (first_.mask() >> pin & 1) != 0; }
    void apply_triggers();
    void cascade() { first_.set_line(kCascade, second_.intr()); }

    Pic8259 first_{1u << kCascade};
    Pic8259 second_;
    std::uint16_t level_triggered_ = 0;
};

} // namespace vmm::device

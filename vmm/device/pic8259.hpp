// SPDX-License-Identifier: GPL-2.0-only
// Pic8259: one interrupt controller as in the 8259A data sheet, in 8086 mode, with the chipset's choice of trigger by
// pin instead of ICW1's.
#pragma once

#include "vmm/base/bits.hpp"

#include <bit>
#include <cstdint>

namespace vmm::device {

class Pic8259 {
  public:
    // `cascade`: the pins with another controller behind.
    // A cascade's level counts. (Its edges would do as well, but for one: the controller behind it may hold it high
    // from one request to the next.)
    constexpr explicit Pic8259(std::uint8_t cascade = 0) : cascade_(cascade), level_triggered_(cascade) {}
    // The lines and their triggers are the board's and stay.
    void reset();

    void set_line(unsigned pin, bool asserted);
    // Pins whose level counts, and not their edge; those of the cascade always do.
    void set_level_triggered(std::uint8_t pins);

    // A0 low: commands, IRR and ISR. A0 high: initialisation and mask. Reading acknowledges in poll mode.
    std::uint8_t read_status();
    std::uint8_t read_mask();
    void write_command(std::uint8_t value);
    void write_data(std::uint8_t value);

    bool intr() const;
    // The processor's acknowledge cycle. Without a request it is the spurious vector 7 (data sheet, "Edge and Level
    // Triggered Modes"), which does not come into service.
    std::uint8_t acknowledge();

    std::uint8_t mask() const { return mask_; }
    // Edges keep their request when the line falls. The chip would forget it, but the line has moved on when a vCPU was
    // late, and no tick of the timer is to be lost by that.
    std::uint8_t requests() const { return (edges_ & ~level_triggered_) | (lines_ & level_triggered_); }
    std::uint8_t in_service() const { return in_service_; }

  private:
    // Priority 0 is the highest, 8 stands for no request.
    unsigned best_priority(std::uint8_t pins) const { return std::countr_zero(std::rotr(pins, lowest_ + 1)); }
    unsigned pin_of(unsigned priority) const { return (lowest_ + 1 + priority) % 8; }
    void serve(unsigned pin);
    std::uint8_t poll();
    void initialize(std::uint8_t icw1);
    void write_ocw2(std::uint8_t value);
    void write_ocw3(std::uint8_t value);

    std::uint8_t cascade_;
    std::uint8_t level_triggered_;
    std::uint8_t lines_ = 0;
    std::uint8_t edges_ = 0;
    std::uint8_t mask_ = 0;
    std::uint8_t in_service_ = 0;
    std::uint8_t vector_base_ = 0;
    std::uint8_t lowest_ = 7;   // the pin with the lowest priority
    std::uint8_t next_icw_ = 0; // expected at A0 high; 0 when initialised
    bool single_ = false;
    bool needs_icw4_ = false;
    bool auto_eoi_ = false;
    bool rotates_on_auto_eoi_ = false;
    bool special_fully_nested_ = false;
    bool special_mask_ = false;
    bool polled_ = false;
    bool shows_in_service_ = false;
};

} // namespace vmm::device

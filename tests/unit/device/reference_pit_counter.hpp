// SPDX-License-Identifier: GPL-2.0-only
// A counter of the 8254 that is clocked pulse by pulse, as the data sheet tells it. Slow, and written from the data
// sheet without a look at the model.
#pragma once

#include <cstdint>

namespace vmm::device::test {

class ReferencePitCounter {
  public:
    void set_control(unsigned mode, bool bcd);
    void write_count(unsigned raw); // both bytes
    void write_first_byte();        // of two
    void set_gate(bool gate);
    void clock();

    bool out() const { return out_; }
    bool null_count() const { return null_count_; }
    unsigned value() const; // as read

  private:
    unsigned modulus() const { return bcd_ ? 10000 : 65536; }
    bool is_periodic() const { return mode_ == 2 || mode_ == 3; }
    void load();
    void count_down();
    void count_square();

    unsigned mode_ = 0;
    bool bcd_ = false;
    bool gate_ = true;
    bool out_ = false;
    bool null_count_ = true;
    unsigned register_ = 0; // CR
    unsigned element_ = 0;  // CE, modulo the modulus
    unsigned held_ = 0;     // CE as it reads before the first load
    bool loaded_ = false;
    bool written_ = false; // a count, since the control word
    bool load_due_ = false;
    bool armed_ = false; // the end of the count is still ahead
    bool odd_ = false;
};

} // namespace vmm::device::test

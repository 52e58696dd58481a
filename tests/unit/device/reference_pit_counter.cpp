// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/device/reference_pit_counter.hpp"

namespace vmm::device::test {
namespace {

unsigned to_bcd(unsigned value) {
    return (value / 1000 % 10) << 12 | (value / 100 % 10) << 8 | (value / 10 % 10) << 4 | value % 10;
}

unsigned from_bcd(unsigned raw) {
    return (raw >> 12) * 1000 + (raw >> 8 & 15) * 100 + (raw >> 4 & 15) * 10 + (raw & 15);
}

} // namespace

unsigned ReferencePitCounter::value() const {
    if (!loaded_)
        return held_;
    return bcd_ ? to_bcd(element_ % 10000) : element_ % 65536;
}

void ReferencePitCounter::set_control(unsigned mode, bool bcd) {
    held_ = value();
    mode_ = mode;
    bcd_ = bcd;
    out_ = mode != 0;
    null_count_ = true;
    loaded_ = written_ = load_due_ = armed_ = false;
}

void ReferencePitCounter::write_first_byte() {
    if (mode_ != 0)
        return;
    held_ = value();
    out_ = loaded_ = load_due_ = false; // "writing the first byte disables counting, OUT is set low immediately"
}

void ReferencePitCounter::write_count(unsigned raw) {
    register_ = bcd_ ? from_bcd(raw) : raw;
    if (register_ == 0)
        register_ = modulus();
    if (is_periodic() && register_ == 1)
        register_ = 2;
    if (mode_ == 0)
        out_ = false;
    if (mode_ == 0 || mode_ == 4 || (is_periodic() && !written_))
        load_due_ = true; // "will be loaded on the next CLK pulse"
    null_count_ = true;
    written_ = true;
}

void ReferencePitCounter::set_gate(bool gate) {
    const bool rises = gate && !gate_;
    gate_ = gate;
    if (rises && written_ && mode_ != 0 && mode_ != 4)
        load_due_ = true; // the trigger
    if (!gate && is_periodic())
        out_ = true; // "sets output immediately high"
}

void ReferencePitCounter::load() {
    element_ = register_;
    null_count_ = false;
    loaded_ = armed_ = true;
    odd_ = register_ % 2 != 0;
    if (mode_ == 3)
        element_ -= odd_;
}

void ReferencePitCounter::clock() {
    if (mode_ == 4 || mode_ == 5)
        out_ = true; // a strobe is one CLK pulse long
    if (load_due_) {
        load_due_ = false;
        load();
        if (mode_ == 1)
            out_ = false;
        if (is_periodic())
            out_ = true;
        return;
    }
    if (!loaded_ || (!gate_ && mode_ != 1 && mode_ != 5))
        return;
    if (mode_ == 3)
        count_square();
    else
        count_down();
}

void ReferencePitCounter::count_down() {
    if (mode_ == 2 && element_ == 1) {
        load();
        out_ = true;
        return;
    }
    element_ = (element_ + modulus() - 1) % modulus();
    if (mode_ == 2) {
        out_ = element_ != 1;
    } else if (element_ == 0 && armed_) {
        armed_ = false;
        out_ = mode_ < 2; // the strobes are low
    }
}

void ReferencePitCounter::count_square() {
    // "One CLK pulse after the count expires" in an odd count's high half; at once otherwise.
    const bool lingers = odd_ && out_;
    if (element_ != 0 && (element_ != 2 || lingers)) {
        element_ -= 2;
        return;
    }
    load();
    out_ = !out_;
}

} // namespace vmm::device::test

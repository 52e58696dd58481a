// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/device/pic_pair.hpp"

namespace vmm::device {
namespace {

// Edge/level control registers, as in the chipsets' data sheets (82371AB, 4.2.5): the timer, the keyboard, the cascade,
// the clock and the coprocessor have no choice.
constexpr std::uint16_t kTriggerWritable = 0xdef8;

} // namespace

void PicPair::reset() {
    first_.reset();
    second_.reset();
    level_triggered_ = 0;
    apply_triggers();
}

void PicPair::apply_triggers() {
    first_.set_level_triggered(static_cast<std::uint8_t>(level_triggered_));
    second_.set_level_triggered(static_cast<std::uint8_t>(level_triggered_ >> 8));
    cascade();
}

void PicPair::set_line(unsigned line, bool asserted) {
    if (line < 8) {
        first_.set_line(line, asserted);
        return;
    }
    second_.set_line(line - 8, asserted);
    cascade();
}

std::uint8_t PicPair::read_first(unsigned a0) {
    return a0 != 0 ? first_.read_mask() : first_.read_status();
}

std::uint8_t PicPair::read_second(unsigned a0) {
    const std::uint8_t value = a0 != 0 ? second_.read_mask() : second_.read_status();
    cascade();
    return value;
}

void PicPair::write_first(unsigned a0, std::uint8_t value) {
    if (a0 != 0)
        first_.write_data(value);
    else
        first_.write_command(value);
}

void PicPair::write_second(unsigned a0, std::uint8_t value) {
    if (a0 != 0)
        second_.write_data(value);
    else
        second_.write_command(value);
    cascade();
}

void PicPair::write_trigger(unsigned index, std::uint8_t value) {
    const unsigned shift = 8 * index;
    level_triggered_ = static_cast<std::uint16_t>(
        ((level_triggered_ & ~(0xffu << shift)) | std::uint32_t{value} << shift) & kTriggerWritable);
    apply_triggers();
}

// The first controller names the cascade, and the second one answers.
std::uint8_t PicPair::acknowledge() {
    std::uint8_t vector = first_.acknowledge();
    if (vector % 8 == kCascade) {
        vector = second_.acknowledge();
        cascade();
    }
    return vector;
}

} // namespace vmm::device

// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/device/pic8259.hpp"

namespace vmm::device {
namespace {

// Data sheet, "Initialization Command Words" and "Operation Control Words".
using Icw1Needs4 = Field<0, 0, bool>;
using Icw1Single = Field<1, 1, bool>;
using IsIcw1 = Field<4, 4, bool>;
using Icw4AutoEoi = Field<1, 1, bool>;
using Icw4SpecialNested = Field<4, 4, bool>;
using IsOcw3 = Field<3, 3, bool>;
using Ocw2Level = Field<2, 0, std::uint8_t>;
using Ocw2IsSpecific = Field<6, 6, bool>;
using Ocw3Read = Field<1, 0, std::uint8_t>;
using Ocw3Poll = Field<2, 2, bool>;
using Ocw3Mask = Field<6, 5, std::uint8_t>;

enum class Ocw2 : std::uint8_t {
    ClearRotateOnAutoEoi = 0,
    Eoi = 1,
    NoOperation = 2,
    SpecificEoi = 3,
    SetRotateOnAutoEoi = 4,
    RotateOnEoi = 5,
    SetPriority = 6,
    RotateOnSpecificEoi = 7,
};
using Ocw2Command = Field<7, 5, Ocw2>;

constexpr std::uint8_t pin_bit(unsigned pin) {
    return static_cast<std::uint8_t>(1u << pin);
}

constexpr unsigned kNoPriority = 8;
constexpr std::uint8_t kSpurious = 7;

} // namespace

void Pic8259::reset() {
    const Pic8259 before = *this;
    *this = Pic8259(before.cascade_);
    level_triggered_ = before.level_triggered_;
    lines_ = before.lines_;
}

void Pic8259::set_line(unsigned pin, bool asserted) {
    const std::uint8_t line = pin_bit(pin);
    if (asserted)
        edges_ |= line & ~lines_;
    lines_ = asserted ? lines_ | line : lines_ & ~line;
}

void Pic8259::set_level_triggered(std::uint8_t pins) {
    pins |= cascade_;
    edges_ &= ~(pins ^ level_triggered_);
    level_triggered_ = pins;
}

// "Fully Nested Mode", "Special Mask Mode" and, for the cascade, "The Special Fully Nested Mode".
bool Pic8259::intr() const {
    const std::uint8_t open = requests() & ~mask_;
    if (open == 0) [[likely]]
        return false;
    const std::uint8_t blocking = special_mask_ ? in_service_ & ~mask_ : in_service_;
    const unsigned requested = best_priority(open), served = best_priority(blocking);
    if (requested == served)
        return special_fully_nested_ && (cascade_ & pin_bit(pin_of(requested))) != 0;
    return requested < served;
}

void Pic8259::serve(unsigned pin) {
    edges_ &= ~pin_bit(pin);
    if (!auto_eoi_)
        in_service_ |= pin_bit(pin);
    else if (rotates_on_auto_eoi_)
        lowest_ = static_cast<std::uint8_t>(pin);
}

std::uint8_t Pic8259::acknowledge() {
    if (!intr())
        return vector_base_ | kSpurious;
    const unsigned pin = pin_of(best_priority(requests() & ~mask_));
    serve(pin);
    return static_cast<std::uint8_t>(vector_base_ | pin);
}

// "Poll Command": the read is the acknowledge, and bit 7 tells whether there was a request.
std::uint8_t Pic8259::poll() {
    polled_ = false;
    if (!intr())
        return 0;
    const unsigned pin = pin_of(best_priority(requests() & ~mask_));
    serve(pin);
    return static_cast<std::uint8_t>(0x80 | pin);
}

std::uint8_t Pic8259::read_status() {
    if (polled_)
        return poll();
    return shows_in_service_ ? in_service_ : requests();
}

std::uint8_t Pic8259::read_mask() {
    return polled_ ? poll() : mask_;
}

void Pic8259::write_command(std::uint8_t value) {
    if (IsIcw1::get(value))
        initialize(value);
    else if (IsOcw3::get(value))
        write_ocw3(value);
    else
        write_ocw2(value);
}

// "Initialization Command Words 1 and 2": a line that is high must fall and rise to request again.
void Pic8259::initialize(std::uint8_t icw1) {
    reset();
    single_ = Icw1Single::get(icw1);
    needs_icw4_ = Icw1Needs4::get(icw1);
    next_icw_ = 2;
}

void Pic8259::write_data(std::uint8_t value) {
    switch (next_icw_) {
    case 0:
        mask_ = value;
        return;
    case 2:
        vector_base_ = value & 0xf8;
        next_icw_ = !single_ ? 3 : needs_icw4_ ? 4 : 0;
        return;
    case 3: // which pin has a controller behind is wired
        next_icw_ = needs_icw4_ ? 4 : 0;
        return;
    default:
        auto_eoi_ = Icw4AutoEoi::get(value);
        special_fully_nested_ = Icw4SpecialNested::get(value);
        next_icw_ = 0;
        return;
    }
}

void Pic8259::write_ocw2(std::uint8_t value) {
    const Ocw2 command = Ocw2Command::get(value);
    if (command == Ocw2::ClearRotateOnAutoEoi || command == Ocw2::SetRotateOnAutoEoi) {
        rotates_on_auto_eoi_ = command == Ocw2::SetRotateOnAutoEoi;
        return;
    }
    if (command == Ocw2::NoOperation)
        return;
    unsigned pin = Ocw2Level::get(value);
    if (!Ocw2IsSpecific::get(value)) {
        // A masked pin is not ended so in special mask mode: "End of Interrupt (EOI)".
        const unsigned priority = best_priority(special_mask_ ? in_service_ & ~mask_ : in_service_);
        if (priority == kNoPriority)
            return;
        pin = pin_of(priority);
    }
    if (command != Ocw2::SetPriority)
        in_service_ &= ~pin_bit(pin);
    if (command == Ocw2::RotateOnEoi || command == Ocw2::RotateOnSpecificEoi || command == Ocw2::SetPriority)
        lowest_ = static_cast<std::uint8_t>(pin);
}

void Pic8259::write_ocw3(std::uint8_t value) {
    constexpr std::uint8_t kReset = 2, kSet = 3;
    if (Ocw3Mask::get(value) >= kReset)
        special_mask_ = Ocw3Mask::get(value) == kSet;
    if (Ocw3Read::get(value) >= kReset)
        shows_in_service_ = Ocw3Read::get(value) == kSet;
    polled_ = Ocw3Poll::get(value);
}

} // namespace vmm::device

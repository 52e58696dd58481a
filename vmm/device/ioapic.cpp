// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/device/ioapic.hpp"

#include "vmm/apic/redirection_entry.hpp"

#include <bit>

namespace vmm::device {
namespace {

constexpr std::uint64_t kHighWritable = ioapic::Destination::mask >> 32;

constexpr void assign(std::uint32_t &set, unsigned pin, bool member) {
    set = (set & ~(1u << pin)) | std::uint32_t{member} << pin;
}

// INIT and SMI are refused, as are the reserved modes: no machine has a line for them, and vCPUs are started and
// stopped by their own.
constexpr bool is_sent(DeliveryMode mode) {
    return mode == DeliveryMode::Fixed || mode == DeliveryMode::LowestPriority || mode == DeliveryMode::Nmi ||
           mode == DeliveryMode::ExtInt;
}

// Data sheet, 3.2.4 "I/O Redirection Table Registers": the other modes are edge-triggered whatever bit 15 says.
constexpr bool is_level_triggered(std::uint64_t entry) {
    const DeliveryMode mode = ioapic::Mode::get(entry);
    return is_level(entry) && (mode == DeliveryMode::Fixed || mode == DeliveryMode::LowestPriority);
}

} // namespace

void Ioapic::reset() {
    const PinMask lines = lines_;
    *this = {};
    lines_ = lines;
}

void Ioapic::set_line(unsigned pin, bool asserted) {
    const PinMask line = 1u << pin;
    if (asserted)
        edges_ |= line & ~lines_ & ~masked_ & ~level_; // an edge at a masked pin is lost
    assign(lines_, pin, asserted);
}

bool Ioapic::take_message(Ipi &message) {
    const PinMask due_pins = due();
    if (due_pins == 0)
        return false;
    const auto pin = static_cast<unsigned>(std::countr_zero(due_pins));
    const std::uint64_t entry = entries_[pin];
    const bool level = is_level_triggered(entry);
    message = Ipi{};
    message.destination = ioapic::Destination::get(entry);
    message.vector = ioapic::Vector::get(entry);
    message.mode = ioapic::Mode::get(entry);
    message.shorthand = Shorthand::None;
    message.logical = ioapic::Logical::get(entry);
    message.level = level;
    message.asserted = true;
    if (!message.logical && message.destination == 0xff)
        message.destination = kBroadcastDestination;
    edges_ &= ~(1u << pin);
    assign(remote_irr_, pin, level);
    return true;
}

void Ioapic::eoi(std::uint8_t vector) {
    for (PinMask rest = remote_irr_; rest != 0; rest &= rest - 1) {
        const auto pin = static_cast<unsigned>(std::countr_zero(rest));
        if (ioapic::Vector::get(entries_[pin]) == vector)
            remote_irr_ &= ~(1u << pin);
    }
}

std::uint32_t Ioapic::read(std::uint32_t offset) const {
    switch (offset) {
    case ioapic::kSelectOffset:
        return selected_;
    case ioapic::kWindowOffset:
        return read_window();
    default:
        return 0; // the EOI register is write-only, the rest is reserved
    }
}

void Ioapic::write(std::uint32_t offset, std::uint32_t value) {
    switch (offset) {
    case ioapic::kSelectOffset:
        selected_ = static_cast<std::uint8_t>(value);
        break;
    case ioapic::kWindowOffset:
        write_window(value);
        break;
    case ioapic::kEoiOffset:
        eoi(static_cast<std::uint8_t>(value));
        break;
    default:
        break;
    }
}

// Delivery status reads idle: a message is taken before the next access.
std::uint32_t Ioapic::read_window() const {
    switch (selected_) {
    case ioapic::kIdIndex:
    case ioapic::kArbitrationIndex:
        return id_;
    case ioapic::kVersionIndex:
        return kVersion | static_cast<std::uint32_t>(ioapic::VersionMaxEntry::make(kPins - 1));
    default:
        break;
    }
    const unsigned pin = (selected_ - ioapic::kFirstEntryIndex) / 2;
    if (selected_ < ioapic::kFirstEntryIndex || pin >= kPins)
        return 0;
    if (selected_ % 2 != 0)
        return static_cast<std::uint32_t>(entries_[pin] >> 32);
    return static_cast<std::uint32_t>(entries_[pin] | ioapic::RemoteIrr::make(is_in_flight(pin)));
}

void Ioapic::write_window(std::uint32_t value) {
    if (selected_ == ioapic::kIdIndex) {
        id_ = value & static_cast<std::uint32_t>(ioapic::Id::mask);
        return;
    }
    const unsigned pin = (selected_ - ioapic::kFirstEntryIndex) / 2;
    if (selected_ < ioapic::kFirstEntryIndex || pin >= kPins)
        return;
    if (selected_ % 2 != 0)
        entries_[pin] = (entries_[pin] & 0xffffffff) | (value & kHighWritable) << 32;
    else
        write_low(pin, value);
}

// A pin that becomes edge-triggered forgets that it waits for an EOI; old kernels clear Remote IRR so.
void Ioapic::write_low(unsigned pin, std::uint32_t value) {
    const std::uint64_t entry = (entries_[pin] & ~0xffffffffull) | (value & kEntryLowWritable);
    const bool masked = ioapic::Masked::get(entry) || !is_sent(ioapic::Mode::get(entry));
    const bool level = is_level_triggered(entry);
    entries_[pin] = entry;
    assign(masked_, pin, masked);
    assign(level_, pin, level);
    if (!level)
        remote_irr_ &= ~(1u << pin);
    if (masked || level)
        edges_ &= ~(1u << pin);
}

} // namespace vmm::device

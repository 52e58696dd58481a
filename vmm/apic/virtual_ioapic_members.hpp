// SPDX-License-Identifier: GPL-2.0-only
// The members of VirtualIoapic, a template over its hardware. Included by virtual_ioapic.hpp only.
#pragma once

#include "vmm/apic/virtual_ioapic.hpp"

namespace vmm {

template <IoapicHardware Hardware> Result<void> VirtualIoapic<Hardware>::capture(const Hardware &hardware) {
    hardware_ = hardware;
    selected_ = 0;
    version_ = hardware_.read(ioapic::kVersionIndex);
    const unsigned pins = ioapic::VersionMaxEntry::get(version_) + 1u;
    if (pins > ioapic::kMaxPins)
        return Errc::Unsupported;
    shadow_.reset(pins);
    for (unsigned pin = 0; pin < pins; pin++) {
        const std::uint64_t low = hardware_.read(low_index(pin));
        const std::uint64_t high = hardware_.read(low_index(pin) + 1);
        shadow_.set_captured(pin, high << 32 | low);
        if (!ioapic::Masked::get(low) && ioapic::Masked::get(shadow_.hardware(pin))) {
            put_low(pin);
            put_high(pin);
        }
    }
    return {};
}

template <IoapicHardware Hardware> std::uint32_t VirtualIoapic<Hardware>::read(std::uint32_t offset) {
    switch (offset) {
    case ioapic::kSelectOffset:
        return selected_;
    case ioapic::kWindowOffset:
        return read_window();
    default:
        return 0; // the EOI register is write-only, the rest is reserved
    }
}

template <IoapicHardware Hardware> void VirtualIoapic<Hardware>::write(std::uint32_t offset, std::uint32_t value) {
    switch (offset) {
    case ioapic::kSelectOffset:
        selected_ = static_cast<std::uint8_t>(value);
        break;
    case ioapic::kWindowOffset:
        write_window(value);
        break;
    case ioapic::kEoiOffset:
        write_eoi(static_cast<std::uint8_t>(value));
        break;
    default:
        break;
    }
}

template <IoapicHardware Hardware> std::uint32_t VirtualIoapic<Hardware>::read_window() {
    if (selected_ < ioapic::kFirstEntryIndex)
        return hardware_.read(selected_);
    const unsigned pin = (selected_ - ioapic::kFirstEntryIndex) / 2;
    if (pin >= shadow_.pins())
        return 0;
    const std::uint64_t entry = shadow_.entry(pin);
    if (selected_ % 2 != 0)
        return static_cast<std::uint32_t>(entry >> 32);
    constexpr std::uint64_t status = ioapic::Pending::mask | ioapic::RemoteIrr::mask;
    const std::uint64_t in_flight = ioapic::RemoteIrr::make(shadow_.is_held(pin));
    return static_cast<std::uint32_t>(entry | in_flight | (hardware_.read(selected_) & status));
}

template <IoapicHardware Hardware> void VirtualIoapic<Hardware>::write_window(std::uint32_t value) {
    if (selected_ == ioapic::kIdIndex)
        return hardware_.write(selected_, value & static_cast<std::uint32_t>(ioapic::Id::mask));
    const unsigned pin = (selected_ - ioapic::kFirstEntryIndex) / 2;
    if (selected_ >= ioapic::kFirstEntryIndex && pin < shadow_.pins())
        write_entry(pin, selected_ % 2 != 0, value);
}

// Writes the half that the guest wrote, and the other where the verdict on the entry has changed it. A mask goes first
// and its removal last, so that the hardware never holds half of an entry open.
template <IoapicHardware Hardware>
void VirtualIoapic<Hardware>::write_entry(unsigned pin, bool high, std::uint32_t value) {
    shadow_.forget_refusals(pin);
    if (shadow_.is_refused(pin)) {
        clear_remote_irr(pin);
        shadow_.let_go(pin);
    }
    if (!high)
        note_new_vector(pin, ioapic::Vector::get(value));
    const bool was_held = shadow_.is_held(pin);
    const std::uint64_t before = shadow_.hardware(pin);
    if (high)
        shadow_.set_high(pin, value);
    else
        shadow_.set_low(pin, value);
    const bool has_ended = was_held && !shadow_.is_held(pin);
    const std::uint64_t after = shadow_.hardware(pin);
    const bool is_low_due = !high || static_cast<std::uint32_t>(before ^ after) != 0;
    const bool is_high_due = high || (before ^ after) >> 32 != 0;
    const bool is_masked = ioapic::Masked::get(after);
    if (is_low_due && is_masked)
        put_low(pin);
    if (is_high_due)
        put_high(pin);
    if (is_low_due && !is_masked)
        put_low(pin);
    if (has_ended)
        let_go_companions(shadow_.vector_in_flight(pin));
}

// If an interrupt with the old vector waits in a LAPIC, nothing in the entry will tell that it belongs to this pin when
// it arrives, and the EOI for it will miss the pin.
template <IoapicHardware Hardware> void VirtualIoapic<Hardware>::note_new_vector(unsigned pin, std::uint8_t vector) {
    const std::uint64_t entry = shadow_.entry(pin);
    const std::uint8_t old = ioapic::Vector::get(entry);
    if (old == vector || !is_level(entry) || ioapic::Remappable::get(entry))
        return;
    if (!shadow_.is_held(pin)) {
        if (!has_remote_irr(pin))
            return;
        shadow_.hold(pin, old);
    }
    shadow_.doubt(pin);
}

template <IoapicHardware Hardware> void VirtualIoapic<Hardware>::write_eoi(std::uint8_t vector) {
    if (!has_eoi_register())
        return;
    hardware_.eoi(vector);
    shadow_.held().for_each([&](unsigned pin) {
        if (ioapic::Vector::get(shadow_.entry(pin)) != vector)
            return;
        shadow_.forget_refusals(pin);
        shadow_.let_go(pin);
        put_low(pin);
        let_go_companions(shadow_.vector_in_flight(pin));
    });
}

// In the remappable format the entry's vector is not the one delivered, so any such pin may be the cause.
// Pins that the guest has masked are asked too: it may have done so with the interrupt on its way.
template <IoapicHardware Hardware> unsigned VirtualIoapic<Hardware>::level_arrived(std::uint8_t vector) {
    unsigned count = 0;
    shadow_.level_pins().for_each([&](unsigned pin) {
        const std::uint64_t entry = shadow_.entry(pin);
        const bool is_candidate = ioapic::Remappable::get(entry) || ioapic::Vector::get(entry) == vector;
        if (!is_candidate || shadow_.is_held(pin) || !has_remote_irr(pin))
            return;
        shadow_.hold(pin, vector);
        put_low(pin);
        count++;
    });
    return count;
}

template <IoapicHardware Hardware> void VirtualIoapic<Hardware>::level_refused(std::uint8_t vector) {
    shadow_.held().for_each([&](unsigned pin) {
        if (shadow_.vector_in_flight(pin) != vector) {
            if (ioapic::Remappable::get(shadow_.entry(pin)))
                shadow_.doubt(pin); // held for the one of two vectors that came first
            return;
        }
        shadow_.refuse(pin);
        if (shadow_.may_try_again(pin))
            let_go(pin);
    });
}

template <IoapicHardware Hardware> void VirtualIoapic<Hardware>::retry_refused() {
    shadow_.held().for_each([&](unsigned pin) {
        if (!shadow_.is_refused(pin))
            return;
        shadow_.forget_refusals(pin);
        let_go(pin);
    });
}

// Also by the entry's vector, as the hardware itself understands the broadcast.
template <IoapicHardware Hardware> void VirtualIoapic<Hardware>::guest_eoi(std::uint8_t vector) {
    shadow_.held().for_each([&](unsigned pin) {
        const std::uint64_t entry = shadow_.entry(pin);
        const bool is_own = !ioapic::Remappable::get(entry) && ioapic::Vector::get(entry) == vector;
        if (!is_own && shadow_.vector_in_flight(pin) != vector)
            return;
        shadow_.forget_refusals(pin);
        let_go(pin);
    });
}

template <IoapicHardware Hardware> void VirtualIoapic<Hardware>::let_go(unsigned pin) {
    if (shadow_.is_refused(pin) || shadow_.is_doubtful(pin))
        clear_remote_irr(pin);
    shadow_.let_go(pin);
    if (!ioapic::Masked::get(shadow_.entry(pin)))
        put_low(pin);
}

// The guest has ended this vector at another pin. The LAPIC's EOI for it may never be broadcast (an edge-triggered
// request can have joined it), and pins that are held for it on suspicion have no other end.
template <IoapicHardware Hardware> void VirtualIoapic<Hardware>::let_go_companions(std::uint8_t vector) {
    shadow_.held().for_each([&](unsigned pin) {
        if (ioapic::Remappable::get(shadow_.entry(pin)) && shadow_.vector_in_flight(pin) == vector)
            let_go(pin);
    });
}

// For a held pin, which is masked in hardware. Without an EOI register: edge mode forgets Remote IRR.
template <IoapicHardware Hardware> void VirtualIoapic<Hardware>::clear_remote_irr(unsigned pin) {
    const std::uint64_t entry = shadow_.hardware(pin);
    if (has_eoi_register())
        return hardware_.eoi(ioapic::Vector::get(entry));
    hardware_.write(low_index(pin), static_cast<std::uint32_t>(ioapic::Level::set(entry, false)));
    put_low(pin);
}

template <IoapicHardware Hardware> void VirtualIoapic<Hardware>::reset() {
    for (unsigned pin = 0; pin < shadow_.pins(); pin++) {
        const std::uint64_t masked = ioapic::Masked::set(shadow_.hardware(pin), true);
        hardware_.write(low_index(pin), static_cast<std::uint32_t>(masked));
        if (has_remote_irr(pin))
            clear_remote_irr(pin);
        shadow_.let_go(pin);
        shadow_.set_captured(pin, ioapic::Masked::make(1));
        put_low(pin);
        put_high(pin);
    }
    selected_ = 0;
}

template <IoapicHardware Hardware> void VirtualIoapic<Hardware>::release() {
    // Who waits for the end of these is unknown: they interrupt again if their lines are still asserted.
    shadow_.held().for_each([&](unsigned pin) {
        clear_remote_irr(pin);
        shadow_.let_go(pin);
        put_low(pin);
    });
    for (unsigned pin = 0; pin < shadow_.pins(); pin++) {
        const std::uint64_t entry = shadow_.entry(pin);
        if (entry == shadow_.hardware(pin))
            continue;
        hardware_.write(low_index(pin) + 1, static_cast<std::uint32_t>(entry >> 32));
        hardware_.write(low_index(pin), static_cast<std::uint32_t>(entry));
    }
    hardware_.read(selected_);
}

} // namespace vmm

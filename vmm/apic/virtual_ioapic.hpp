// SPDX-License-Identifier: GPL-2.0-only
// VirtualIoapic: the guarded way to a physical IO-APIC. The guest's accesses are trapped and come here; what may reach
// the hardware reaches it from here.
//
// Locking: one lock for each IO-APIC, held by the caller around every member. Level-triggered interrupts can be in
// flight on several LAPICs at once; that is why.
//
// A physical interrupt with its TMR bit set goes, under the lock:  level_arrived(vector), then the EOI to the physical
// LAPIC. (Masked first, or the still asserted line would interrupt again at once; both under one lock, or another CPU
// could change the entry's vector in between and the EOI would miss it.) Then VirtualLapic::accept(vector, true); if
// that says no, level_refused(vector). The guest's EoiBroadcast goes to guest_eoi(vector).
#pragma once

#include "vmm/apic/ioapic_shadow.hpp"
#include "vmm/base/result.hpp"

#include <concepts>
#include <cstdint>

namespace vmm {

// read() and write() go through IOREGSEL and IOWIN, eoi() to the EOI register.
template <class H>
concept IoapicHardware = requires(H hardware, std::uint8_t index, std::uint32_t value) {
    { hardware.read(index) } -> std::same_as<std::uint32_t>;
    hardware.write(index, value);
    hardware.eoi(value);
};

template <IoapicHardware Hardware> class VirtualIoapic {
  public:
    // Reads the table at launch and masks what may not stay open (NMI, SMI, INIT, reserved modes).
    // Errc::Unsupported: more pins than the index register can address, or an absent device (all ones).
    Result<void> capture(const Hardware &hardware);

    // `offset` in the IO-APIC's page, 32-bit accesses.
    std::uint32_t read(std::uint32_t offset);
    void write(std::uint32_t offset, std::uint32_t value);

    // A level-triggered interrupt with this vector reached a physical LAPIC. Masks the pins behind it and returns
    // their number. With several IO-APICs call each.
    unsigned level_arrived(std::uint8_t vector);
    // No EOI will come: the LAPIC did not take the vector, or lost it in a reset. The pins may interrupt again, in case
    // that the guest has sent them elsewhere meanwhile. If that goes on they stay masked (a disabled LAPIC must not
    // cause a storm) until the guest writes their entry or an EOI for them, or until retry_refused().
    void level_refused(std::uint8_t vector);
    // A guest LAPIC was enabled: refused pins may interrupt again.
    void retry_refused();
    void guest_eoi(std::uint8_t vector);

    // Leaving: the hardware gets what the guest wrote, and its last selected index.
    void release();

    unsigned pins() const { return shadow_.pins(); }
    const IoapicShadow &shadow() const { return shadow_; }
    Hardware &hardware() { return hardware_; }

  private:
    static constexpr std::uint8_t low_index(unsigned pin) {
        return static_cast<std::uint8_t>(ioapic::kFirstEntryIndex + 2 * pin);
    }
    bool has_eoi_register() const { return ioapic::VersionNumber::get(version_) >= ioapic::kFirstVersionWithEoi; }

    std::uint32_t read_window();
    void write_window(std::uint32_t value);
    void write_entry(unsigned pin, bool high, std::uint32_t value);
    void write_eoi(std::uint8_t vector);
    void put_low(unsigned pin) { hardware_.write(low_index(pin), static_cast<std::uint32_t>(shadow_.hardware(pin))); }
    void put_high(unsigned pin) {
        hardware_.write(low_index(pin) + 1, static_cast<std::uint32_t>(shadow_.hardware(pin) >> 32));
    }
    bool has_remote_irr(unsigned pin) { return ioapic::RemoteIrr::get(hardware_.read(low_index(pin))); }
    void note_new_vector(unsigned pin, std::uint8_t vector);
    void clear_remote_irr(unsigned pin);
    void let_go(unsigned pin);

    Hardware hardware_{};
    IoapicShadow shadow_;
    std::uint32_t version_ = 0;
    std::uint8_t selected_ = 0;
};

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
    const std::uint64_t before = shadow_.hardware(pin);
    if (high)
        shadow_.set_high(pin, value);
    else
        shadow_.set_low(pin, value);
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

// For a held pin, which is masked in hardware. Without an EOI register: edge mode forgets Remote IRR.
template <IoapicHardware Hardware> void VirtualIoapic<Hardware>::clear_remote_irr(unsigned pin) {
    const std::uint64_t entry = shadow_.hardware(pin);
    if (has_eoi_register())
        return hardware_.eoi(ioapic::Vector::get(entry));
    hardware_.write(low_index(pin), static_cast<std::uint32_t>(ioapic::Level::set(entry, false)));
    put_low(pin);
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

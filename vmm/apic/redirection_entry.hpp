// SPDX-License-Identifier: GPL-2.0-only
// Which IO-APIC redirection entries may reach the hardware. Pure functions over the 64-bit entry.
#pragma once

#include "vmm/apic/registers.hpp"

#include <cstdint>

namespace vmm {

// Delivery status and Remote IRR belong to the hardware; bits 47:17 are reserved.
inline constexpr std::uint32_t kEntryLowWritable = 0x1afff;
inline constexpr std::uint32_t kEntryHighWritable = 0xffff0000;

constexpr bool is_level(std::uint64_t entry) {
    return ioapic::Level::get(entry);
}

// Only vectors may pass: NMI, SMI and INIT reach a CPU past the VMM's handler, reserved modes do what nobody has
// specified, and ExtINT takes its vector from a controller that the guest programs to any number, exceptions included.
// In the remappable format the mode is in the remapping table and bits 10:8 must be zero.
// `captured` is the pin's entry as found at launch: an open ExtINT found there is in use and stays allowed.
constexpr bool is_entry_allowed(std::uint64_t entry, std::uint64_t captured) {
    const DeliveryMode mode = ioapic::Mode::get(entry);
    if (mode == DeliveryMode::Fixed)
        return true;
    if (ioapic::Remappable::get(entry))
        return false;
    if (mode == DeliveryMode::ExtInt)
        return ioapic::Mode::get(captured) == DeliveryMode::ExtInt && !ioapic::Masked::get(captured) &&
               !ioapic::Remappable::get(captured);
    return mode == DeliveryMode::LowestPriority;
}

// What the hardware's entry is to be, for the guest's entry and the VMM's own wish to hold the pin masked.
constexpr std::uint64_t hardware_entry(std::uint64_t entry, std::uint64_t captured, bool held) {
    if (!is_entry_allowed(entry, captured))
        return ioapic::Masked::make(true);
    return held ? ioapic::Masked::set(entry, true) : entry;
}

} // namespace vmm

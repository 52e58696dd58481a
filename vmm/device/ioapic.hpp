// SPDX-License-Identifier: GPL-2.0-only
// Ioapic: a VM's own IO-APIC, the 82093AA data sheet's with the later EOI register. Its output are messages for LAPICs.
// (VirtualIoapic guards the console's way to a physical one.)
#pragma once

#include "vmm/apic/ipi.hpp"
#include "vmm/apic/registers.hpp"

#include <array>
#include <cstdint>

namespace vmm::device {

class Ioapic {
  public:
    static constexpr unsigned kPins = 24;
    static constexpr std::uint8_t kVersion = ioapic::kFirstVersionWithEoi;

    void reset(); // the lines stay

    // 32-bit accesses at an offset in the page.
    std::uint32_t read(std::uint32_t offset) const;
    void write(std::uint32_t offset, std::uint32_t value);
    // A LAPIC's EOI broadcast for a level-triggered vector.
    void eoi(std::uint8_t vector);

    // Asserted or not: an entry's polarity says how a wire shows that, and there is no wire.
    void set_line(unsigned pin, bool asserted);

    bool has_message() const { return due() != 0; }
    // The message of the first pin that has one. False: there is none.
    bool take_message(Ipi &message);

    bool is_masked(unsigned pin) const { return (masked_ >> pin & 1) != 0; }
    bool is_in_flight(unsigned pin) const { return (remote_irr_ >> pin & 1) != 0; }

  private:
    using PinMask = std::uint32_t;
    static constexpr PinMask kAllPins = (1u << kPins) - 1;

    static constexpr std::array<std::uint64_t, kPins> all_masked() {
        std::array<std::uint64_t, kPins> entries{};
        entries.fill(ioapic::Masked::make(true));
        return entries;
    }

    PinMask due() const { return ((edges_ & ~level_) | (lines_ & level_ & ~remote_irr_)) & ~masked_; }
    std::uint32_t read_window() const;
    void write_window(std::uint32_t value);
    void write_low(unsigned pin, std::uint32_t value);

    std::array<std::uint64_t, kPins> entries_ = all_masked(); // without the bits that the device itself has
    PinMask lines_ = 0;
    PinMask edges_ = 0; // not yet sent
    PinMask masked_ = kAllPins;
    PinMask level_ = 0; // whose Remote IRR matters: vectors only
    PinMask remote_irr_ = 0;
    std::uint32_t id_ = 0;
    std::uint8_t selected_ = 0;
};

} // namespace vmm::device

// SPDX-License-Identifier: GPL-2.0-only
// IoapicShadow: the redirection table as the guest believes it to be, and which level-triggered pins the VMM holds
// masked until the guest has finished with them. No hardware is touched here.
#pragma once

#include "vmm/apic/redirection_entry.hpp"
#include "vmm/apic/registers.hpp"

#include <array>
#include <cstdint>

namespace vmm {

class PinSet {
  public:
    constexpr bool test(unsigned pin) const { return words_[pin / 64] >> (pin % 64) & 1; }
    constexpr void set(unsigned pin) { words_[pin / 64] |= 1ull << (pin % 64); }
    constexpr void reset(unsigned pin) { words_[pin / 64] &= ~(1ull << (pin % 64)); }
    constexpr bool empty() const { return (words_[0] | words_[1]) == 0; }
    constexpr std::uint64_t word(unsigned n) const { return words_[n]; }
    static constexpr unsigned kWords = 2;

  private:
    static_assert(ioapic::kMaxPins <= kWords * 64);
    std::array<std::uint64_t, kWords> words_{};
};

class IoapicShadow {
  public:
    // Forgets everything and starts with `pins` entries, to be filled by set_captured().
    void reset(unsigned pins);
    void set_captured(unsigned pin, std::uint64_t entry);

    unsigned pins() const { return pins_; }
    std::uint64_t entry(unsigned pin) const { return entries_[pin]; } // the guest's; hardware's bits are zero
    std::uint64_t captured(unsigned pin) const { return captured_[pin]; }
    std::uint64_t hardware(unsigned pin) const { return hardware_entry(entries_[pin], captured_[pin], is_held(pin)); }

    // The guest writes a half of an entry.
    void set_low(unsigned pin, std::uint32_t value);
    void set_high(unsigned pin, std::uint32_t value);

    // A held pin is in flight for a vector, or was refused by a disabled LAPIC and waits for somebody to care.
    bool is_held(unsigned pin) const { return held_.test(pin); }
    bool is_any_held() const { return !held_.empty(); }
    const PinSet &held() const { return held_; }
    const PinSet &level_pins() const { return level_; }
    std::uint8_t vector_in_flight(unsigned pin) const { return vector_[pin]; } // 0: refused
    void hold(unsigned pin, std::uint8_t vector);
    void refuse(unsigned pin) { vector_[pin] = 0; }
    void let_go(unsigned pin) { held_.reset(pin); }

  private:
    void drop_refused(unsigned pin);

    std::array<std::uint64_t, ioapic::kMaxPins> entries_{};
    std::array<std::uint64_t, ioapic::kMaxPins> captured_{};
    std::array<std::uint8_t, ioapic::kMaxPins> vector_{};
    PinSet held_;
    PinSet level_;
    unsigned pins_ = 0;
};

} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
// IoapicShadow: the redirection table as the guest believes it to be, and which level-triggered pins the VMM holds
// masked until the guest has finished with them. No hardware is touched here.
#pragma once

#include "vmm/apic/redirection_entry.hpp"
#include "vmm/apic/registers.hpp"

#include <array>
#include <bit>
#include <cstdint>

namespace vmm {

class PinSet {
  public:
    constexpr bool test(unsigned pin) const { return words_[pin / 64] >> (pin % 64) & 1; }
    constexpr void set(unsigned pin) { words_[pin / 64] |= 1ull << (pin % 64); }
    constexpr void reset(unsigned pin) { words_[pin / 64] &= ~(1ull << (pin % 64)); }
    constexpr bool is_empty() const { return (words_[0] | words_[1]) == 0; }

    // Calls visit(pin) for each member at the time of the call, in order; `visit` may change the set.
    template <class Visitor> constexpr void for_each(Visitor visit) const {
        for (unsigned n = 0; n < kWords; n++)
            for (std::uint64_t rest = words_[n]; rest != 0; rest &= rest - 1)
                visit(n * 64 + static_cast<unsigned>(std::countr_zero(rest)));
    }

  private:
    static constexpr unsigned kWords = 2;
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

    // A held pin is in flight for a vector. It is also refused when no LAPIC took that, so that no EOI is to be
    // expected.
    bool is_held(unsigned pin) const { return held_.test(pin); }
    bool is_refused(unsigned pin) const { return refused_.test(pin); }
    const PinSet &held() const { return held_; }
    const PinSet &level_pins() const { return level_; }
    std::uint8_t vector_in_flight(unsigned pin) const { return vector_[pin]; }
    void hold(unsigned pin, std::uint8_t vector);
    void refuse(unsigned pin) { refused_.set(pin); }
    // Its Remote IRR may be set in the hardware with nobody left to clear it.
    void doubt(unsigned pin) { doubtful_.set(pin); }
    bool is_doubtful(unsigned pin) const { return doubtful_.test(pin); }
    // Counts a refusal since the guest last cared about the pin. False: too many, stop trying.
    bool may_try_again(unsigned pin);
    void forget_refusals(unsigned pin) { refusals_[pin] = 0; }
    void let_go(unsigned pin);

  private:
    std::array<std::uint64_t, ioapic::kMaxPins> entries_{};
    std::array<std::uint64_t, ioapic::kMaxPins> captured_{};
    std::array<std::uint8_t, ioapic::kMaxPins> vector_{};
    std::array<std::uint8_t, ioapic::kMaxPins> refusals_{};
    PinSet held_;
    PinSet refused_;  // within held_
    PinSet doubtful_; // within held_
    PinSet level_;
    unsigned pins_ = 0;
};

} // namespace vmm

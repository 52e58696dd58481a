// SPDX-License-Identifier: GPL-2.0-only
// ReferenceLapic: a second, slow and plain local APIC, written from the manuals' tables and not from the model, to
// compare the model with. One tick of the timer's input clock is kTicksPerClock ticks of the TSC.
#pragma once

#include "vmm/apic/lapic_effect.hpp"

#include <bitset>
#include <cstdint>
#include <map>

namespace vmm::test {

class ReferenceLapic {
  public:
    static constexpr std::uint64_t kTicksPerClock = 20;
    using Kind = LapicEffect::Kind;

    struct Value {
        std::uint64_t value;
        bool fault;
    };

    struct Features {
        std::uint32_t id = 0;
        std::uint32_t version = 0;
        std::uint32_t extended = 0;
        bool x2apic = true;
        bool tsc_deadline = true;
    };

    explicit ReferenceLapic(const Features &features) : features_(features) { reset(); }

    void reset();
    Value read(unsigned offset, std::uint64_t now);
    Kind write(unsigned offset, std::uint64_t value, std::uint64_t now);
    Kind write_base(std::uint64_t value);
    Kind write_deadline(std::uint64_t value);
    std::uint64_t deadline_msr() const { return deadline_mode() ? deadline_msr_ : 0; }
    bool accept(unsigned vector, bool level);
    void acknowledge(unsigned vector);
    unsigned deliverable() const; // 0: none
    void tick(std::uint64_t now); // lets the timer expire
    std::uint64_t timer_deadline() const;

    std::uint64_t base = 0;
    unsigned eoi_vector = 0; // of the last broadcast

  private:
    enum class Mode { Off, Xapic, X2apic };
    Mode mode() const;
    bool enabled() const { return reg_.at(0xf0) & 0x100; }
    unsigned max_lvt() const { return features_.version >> 16 & 0xff; }
    bool extended_space() const { return features_.version >> 31; }
    bool exists(unsigned offset) const;
    std::uint32_t writable(unsigned offset) const;
    std::uint32_t harmless(unsigned offset) const;
    bool deadline_mode() const { return (reg_.at(0x320) >> 17 & 3) == 2; }
    bool counting_mode() const { return (reg_.at(0x320) >> 17 & 3) < 2; }
    unsigned highest(const std::bitset<256> &set) const;
    unsigned priority() const;
    std::uint32_t slice(const std::bitset<256> &set, unsigned n) const;
    void error(std::uint32_t bits);
    Kind end_of_interrupt();
    Kind command(std::uint64_t icr);
    bool addresses_self(std::uint64_t icr) const;
    Kind self(unsigned vector);
    std::uint64_t count_ticks() const;
    std::uint32_t count(std::uint64_t now) const;

    Features features_;
    std::map<unsigned, std::uint32_t> reg_; // plain storage, by offset
    std::uint64_t icr_ = 0;
    std::bitset<256> irr_, isr_, tmr_;
    std::uint32_t errors_ = 0;
    bool running_ = false; // the count, not the deadline
    std::uint64_t end_ = 0;
    std::uint64_t deadline_msr_ = 0;
};

} // namespace vmm::test

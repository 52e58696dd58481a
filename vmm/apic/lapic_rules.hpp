// SPDX-License-Identifier: GPL-2.0-only
// LapicRules: which registers a LAPIC of given features has, who may access them how, and which bits can be written.
#pragma once

#include "vmm/apic/registers.hpp"

#include <array>
#include <cstdint>

namespace vmm {

struct LapicRule {
    enum Access : std::uint8_t {
        None = 0,
        XapicRead = 1,
        XapicWrite = 2,
        X2apicRead = 4,
        X2apicWrite = 8,
    };
    std::uint8_t access = None; // None: reserved
    std::uint32_t writable = 0; // bits that a write changes
    std::uint32_t ignored = 0;  // read-only bits that a write in x2APIC mode may carry; any other faults there
};

class LapicRules {
  public:
    constexpr LapicRules() = default;
    LapicRules(std::uint32_t version, std::uint32_t extended_features, bool tsc_deadline);

    // Reserved registers get an empty rule.
    LapicRule rule(LapicRegister reg) const;
    bool is_present(LapicRegister reg) const { return rule(reg).access != LapicRule::None; }

  private:
    std::uint32_t timer_bits_ = 0;    // of the timer's LVT beyond the common ones
    std::uint32_t spurious_bits_ = 0; // of the spurious-vector register beyond the common ones
    std::uint8_t max_lvt_ = 3;
    std::uint8_t extended_lvts_ = 0;
    bool extended_space_ = false;
};

} // namespace vmm

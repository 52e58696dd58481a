// SPDX-License-Identifier: GPL-2.0-only
// LapicRules: which registers a LAPIC of given features has, who may access them how, and which bits can be written.
#pragma once

#include "vmm/apic/registers.hpp"

#include <algorithm>
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
    std::uint16_t ignored = 0;  // read-only bits that a write in x2APIC mode may carry; any other faults there
    std::uint32_t writable = 0; // bits that a write changes
};

class LapicRules {
  public:
    constexpr LapicRules() = default;
    LapicRules(std::uint32_t version, std::uint32_t extended_features, bool tsc_deadline);

    // Reserved registers have an empty rule.
    const LapicRule &rule(LapicRegister reg) const { return rules_[std::min(index_of(reg), kLapicRegisterCount)]; }
    bool is_present(LapicRegister reg) const { return rule(reg).access != LapicRule::None; }

  private:
    void remove(LapicRegister reg) { rules_[index_of(reg)] = {}; }

    std::array<LapicRule, kLapicRegisterCount + 1> rules_{}; // the last one for all that lies beyond
};

} // namespace vmm

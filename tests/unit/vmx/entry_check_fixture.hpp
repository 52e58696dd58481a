// SPDX-License-Identifier: GPL-2.0-only
// Breaks a sound VMCS and asks the oracle.
#pragma once

#include "tests/unit/vmx/recorded_cpus.hpp"
#include "tests/unit/vmx/sound_vmcs.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <span>
#include <string>

namespace vmm::vmx {

inline EntryLimits haswell_limits() {
    return {test::haswell().capabilities(), 40, 48};
}

struct Case {
    const char *what;
    void (*change)(Vmcs &);
};

inline std::string fault(const std::function<void(Vmcs &)> &change, const EntryLimits &limits = haswell_limits()) {
    Vmcs v = test::sound_vmcs(limits.capabilities);
    change(v);
    const char *const what = entry_fault(v, limits);
    return what ? what : "";
}

inline void expect_each(
    std::span<const Case> cases, void (*state)(Vmcs &) = [](Vmcs &) {}) {
    for (const Case &one : cases)
        EXPECT_EQ(fault([&](Vmcs &v) {
                      state(v);
                      one.change(v);
                  }),
                  one.what);
}

inline constexpr std::uint64_t kBeyond = 1ull << 40, kNotCanonical = 0x0000'8000'0000'0000;

} // namespace vmm::vmx

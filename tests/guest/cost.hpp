// SPDX-License-Identifier: GPL-2.0-only
// Sections that the counting plugin sees, and what their operations take as this kernel sees it: TSC ticks, which are
// instructions where the emulator counts those.
#pragma once

#include "print.hpp"
#include "tests/plugin/sections.h"
#include "x86.hpp"

namespace cost {

inline constexpr unsigned kRounds = 1000;

template <section kWhere, class Act> void measure(const char *name, Act act) {
    act(); // so that nothing of it is new
    MARK_SECTION(kWhere);
    const std::uint64_t begin = x86::rdtsc();
    for (unsigned i = 0; i < kRounds; i++)
        act();
    const std::uint64_t ticks = x86::rdtsc() - begin;
    MARK_SECTION(SECTION_NONE);
    print(name, ticks / kRounds);
}

void measure_wake(); // two processors
void measure_timer();

} // namespace cost

// SPDX-License-Identifier: GPL-2.0-only
// Sections that the counting plugin sees, and what their operations take as this kernel sees it: TSC ticks, which are
// instructions where the emulator counts those.
#pragma once

#include "print.hpp"
#include "tests/plugin/sections.h"
#include "x86.hpp"

namespace cost {

inline constexpr unsigned kRounds = 1000;

// A line that is printed at the end: who reads it meanwhile would run beside what is measured next.
void keep(const char *name, std::uint64_t first, std::uint64_t second = 0, std::uint64_t third = 0,
          std::uint64_t fourth = 0);
void print_kept();

// Without what came in between; reading the TSC once is part of it.
template <class Act> std::uint64_t least_of(Act act) {
    std::uint64_t least = ~0ull;
    for (unsigned i = 0; i < kRounds; i++) {
        const std::uint64_t begin = x86::rdtsc();
        act();
        const std::uint64_t ticks = x86::rdtsc() - begin;
        least = ticks < least ? ticks : least;
    }
    return least;
}

// Keeps the mean and the least of many rounds.
template <section kWhere, class Act> void measure(const char *name, Act act) {
    act(); // so that nothing of it is new
    MARK_SECTION(kWhere);
    const std::uint64_t begin = x86::rdtsc();
    for (unsigned i = 0; i < kRounds; i++)
        act();
    const std::uint64_t ticks = x86::rdtsc() - begin;
    MARK_SECTION(SECTION_NONE);
    keep(name, ticks / kRounds, least_of(act));
}

void measure_wake(); // two processors
void measure_timer();

} // namespace cost

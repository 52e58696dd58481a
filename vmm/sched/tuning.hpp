// SPDX-License-Identifier: GPL-2.0-only
// The scheduler's constants of time, in ticks of this machine.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace vmm {

struct SchedTuning {
    static constexpr std::size_t kMostRivals = 8;

    // By the number of worlds that wait on the CPU: 5 ms, and when there are many the round stays about 10 ms.
    std::array<std::uint64_t, kMostRivals + 1> slice{};
    std::uint64_t least_slice = 0; // a meter or a sibling asks for no shorter run
    std::uint64_t grace = 0;       // a boosted world has the CPU so long
    std::uint64_t overdraft = 0;   // a world that is further ahead of its CPU is boosted no more
    std::uint64_t credit = 0;      // a sleeper wakes no further behind
    std::uint64_t preemption = 0;  // a waking world preempts one that is further ahead of it
    std::uint64_t migration = 0;   // worth of the cache: a world changes its CPU for no less
    std::uint64_t backlog = 0;     // own service that a world may be ahead or behind, whatever happened
    std::uint64_t gap = 0;         // virtual time that a CPU's level may stay behind the first one's
    std::uint64_t sweep = 0;       // period in which levels are looked after
    std::uint64_t skew = 0;        // a vCPU further ahead of a waiting sibling is held
    std::uint64_t patience = 0;    // reservations leave the CPU to shares after this time,
    std::uint64_t turn = 0;        // for this long
    std::uint64_t window = 0;      // over which a limit may be exceeded or left unused
    std::uint64_t arrears = 0;     // reservation that is not met is remembered for this time

    static constexpr SchedTuning of(std::uint32_t tsc_khz) {
        const auto us = [tsc_khz](std::uint64_t n) { return n * tsc_khz / 1000; };
        SchedTuning t;
        for (std::size_t n = 0; n <= kMostRivals; n++)
            t.slice[n] = us(std::min<std::uint64_t>(5000, 10000 / (n + 1)));
        t.least_slice = us(50);
        t.grace = us(200);
        t.overdraft = us(10000);
        t.credit = t.migration = us(2000);
        t.preemption = us(500);
        t.backlog = t.gap = t.patience = us(20000);
        t.sweep = us(1000000);
        t.arrears = us(100000);
        t.skew = us(3000);
        t.turn = us(1000);
        t.window = us(8000);
        return t;
    }
};

} // namespace vmm

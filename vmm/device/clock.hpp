// SPDX-License-Identifier: GPL-2.0-only
// Clock<Hz>: an oscillator's ticks and the VM's time in nanoseconds, exact in both directions.
#pragma once

#include <cstdint>

namespace vmm::device {

inline constexpr std::uint64_t kNever = ~0ull; // as a deadline

// The VM's time starts at 0 and stays below 2^63 ns, 292 years: nothing here overflows then.
template <std::uint64_t Hz> struct Clock {
    static constexpr std::uint64_t kSecond = 1'000'000'000;
    static_assert(Hz > 0 && Hz <= kSecond);

    static constexpr std::uint64_t ticks(std::uint64_t ns) { return ns / kSecond * Hz + ns % kSecond * Hz / kSecond; }
    // The first nanosecond at which ticks() is `tick`.
    static constexpr std::uint64_t time(std::uint64_t tick) {
        return tick / Hz * kSecond + (tick % Hz * kSecond + Hz - 1) / Hz;
    }
};

} // namespace vmm::device

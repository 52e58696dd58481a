// SPDX-License-Identifier: GPL-2.0-only
// Field<Hi, Lo, T>: one field of a hardware word, named once and never masked by hand.
#pragma once

#include <cstdint>

namespace vmm {

constexpr std::uint64_t bit(unsigned n) {
    return 1ull << n;
}

constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t alignment) {
    return value & ~(alignment - 1);
}

constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return align_down(value + alignment - 1, alignment);
}

template <unsigned Hi, unsigned Lo, class T = std::uint64_t> struct Field {
    static_assert(Hi >= Lo && Hi < 64);
    static constexpr std::uint64_t mask = (Hi - Lo == 63 ? ~0ull : (1ull << (Hi - Lo + 1)) - 1) << Lo;
    static constexpr T get(std::uint64_t word) { return static_cast<T>((word & mask) >> Lo); }
    static constexpr std::uint64_t make(T value) { return (static_cast<std::uint64_t>(value) << Lo) & mask; }
    static constexpr std::uint64_t set(std::uint64_t word, T value) { return (word & ~mask) | make(value); }
};

} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
// Integer arithmetic with flags (AMD APM vol. 1, 3.1.4 and vol. 3, the instructions; Intel SDM vol. 1, 3.4.3.1).
// Operands have nothing above their width, which is 1, 2, 4 or 8 bytes.
#pragma once

#include "vmm/decode/operand.hpp"

#include <cstdint>

namespace vmm::alu {

inline constexpr std::uint64_t kCarry = 1 << 0, kParity = 1 << 2, kAdjust = 1 << 4, kZero = 1 << 6, kSign = 1 << 7,
                               kDirection = 1 << 10, kOverflow = 1 << 11;
inline constexpr std::uint64_t kStatus = kCarry | kParity | kAdjust | kZero | kSign | kOverflow;

struct Output {
    std::uint64_t value;
    std::uint64_t flags;
};

constexpr bool sign(std::uint64_t value, unsigned width) {
    return value >> (8 * width - 1) & 1;
}

// Without a population count, which would be a call into a library that the image has not.
constexpr bool even_parity(std::uint64_t value) {
    const unsigned folded = (value ^ value >> 4) & 0xf;
    return 0x9669u >> folded & 1;
}

constexpr std::uint64_t result_flags(std::uint64_t value, unsigned width) {
    return (even_parity(value) ? kParity : 0) | (value == 0 ? kZero : 0) | (sign(value, width) ? kSign : 0);
}

constexpr std::uint64_t replace_flags(std::uint64_t old, std::uint64_t changed, std::uint64_t values) {
    return (old & ~changed) | values;
}

constexpr Output add(std::uint64_t a, std::uint64_t b, bool carry, unsigned width, std::uint64_t flags) {
    const std::uint64_t sum = low_bytes(a + b + carry, width);
    const bool carries = carry ? sum <= a : sum < a;
    const std::uint64_t values = result_flags(sum, width) | (carries ? kCarry : 0) | ((a ^ b ^ sum) & kAdjust) |
                                 (sign((a ^ sum) & (b ^ sum), width) ? kOverflow : 0);
    return {sum, replace_flags(flags, kStatus, values)};
}

constexpr Output subtract(std::uint64_t a, std::uint64_t b, bool borrow, unsigned width, std::uint64_t flags) {
    const std::uint64_t difference = low_bytes(a - b - borrow, width);
    const bool borrows = borrow ? a <= b : a < b;
    const std::uint64_t values = result_flags(difference, width) | (borrows ? kCarry : 0) |
                                 ((a ^ b ^ difference) & kAdjust) |
                                 (sign((a ^ b) & (a ^ difference), width) ? kOverflow : 0);
    return {difference, replace_flags(flags, kStatus, values)};
}

// AND, OR, XOR, TEST of a value at hand: CF and OF are cleared; AF is undefined, and cleared by the CPUs that we know.
constexpr Output logic(std::uint64_t value, unsigned width, std::uint64_t flags) {
    return {value, replace_flags(flags, kStatus, result_flags(value, width))};
}

// INC and DEC leave CF alone.
constexpr Output increment(std::uint64_t a, unsigned width, std::uint64_t flags) {
    const Output sum = add(a, 1, false, width, flags);
    return {sum.value, replace_flags(sum.flags, kCarry, flags & kCarry)};
}

constexpr Output decrement(std::uint64_t a, unsigned width, std::uint64_t flags) {
    const Output difference = subtract(a, 1, false, width, flags);
    return {difference.value, replace_flags(difference.flags, kCarry, flags & kCarry)};
}

} // namespace vmm::alu

// SPDX-License-Identifier: GPL-2.0-only
// Numbers that are narrower than the word they are kept in.
#pragma once

#include <cstdint>

namespace vmm {

// The low `bytes` (1 to 8) of a value, the rest zero.
constexpr std::uint64_t low_bytes(std::uint64_t value, unsigned bytes) {
    return value & (~0ull >> (64 - 8 * bytes));
}

constexpr std::uint64_t sign_extend(std::uint64_t value, unsigned bytes) {
    const unsigned unused = 64 - 8 * bytes;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value << unused) >> unused);
}

} // namespace vmm

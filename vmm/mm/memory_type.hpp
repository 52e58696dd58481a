// SPDX-License-Identifier: GPL-2.0-only
// Memory types and how the MTRRs assign them to physical addresses. APM vol. 2, 7.7.
#pragma once

#include "vmm/base/bits.hpp"
#include "vmm/base/types.hpp"

#include <array>
#include <span>

namespace vmm {

enum class MemoryType : std::uint8_t {
    Uncacheable = 0,
    WriteCombining = 1,
    WriteThrough = 4,
    WriteProtect = 5,
    WriteBack = 6,
    UncacheableMinus = 7,
};

// The MTRRs as a value: read from hardware once, computed with anywhere.
struct Mtrrs {
    static constexpr unsigned kVariable = 16;
    struct Variable {
        std::uint64_t base = 0, mask = 0;
    };
    std::uint64_t def_type = 0;
    std::array<std::uint64_t, 11> fixed{}; // 64k, 16k (2), 4k (8): one byte per unit
    std::array<Variable, kVariable> variable{};
    unsigned variable_count = 0;
    unsigned physical_bits = 52;

    MemoryType type_at(Hpa address) const;
};

// A place where the type changes; large pages must not span it.
struct TypeBorders {
    static constexpr unsigned kMost = 2 * Mtrrs::kVariable + 88;
    std::array<std::uint64_t, kMost> at{};
    unsigned count = 0;
    std::span<const std::uint64_t> all() const { return std::span(at).first(count); }
};

// Ascending page-aligned addresses at which type_at() may differ from that of the byte before.
TypeBorders type_borders(const Mtrrs &mtrrs);

} // namespace vmm

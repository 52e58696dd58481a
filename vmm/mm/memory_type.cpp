// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/mm/memory_type.hpp"

#include <algorithm>

namespace vmm {
namespace {

using DefaultType = Field<7, 0, std::uint8_t>;
constexpr std::uint64_t kEnable = bit(11), kFixedEnable = bit(10), kMaskValid = bit(11);
constexpr std::uint64_t kFixedEnd = 0x100000;

struct FixedRange {
    std::uint64_t begin, unit;
    unsigned first; // index into Mtrrs::fixed
};
constexpr FixedRange kFixed[] = {{0, 0x10000, 0}, {0x80000, 0x4000, 1}, {0xc0000, 0x1000, 3}};

const FixedRange &fixed_range(std::uint64_t address) {
    return address < 0x80000 ? kFixed[0] : address < 0xc0000 ? kFixed[1] : kFixed[2];
}

MemoryType fixed_type(const Mtrrs &mtrrs, std::uint64_t address) {
    const FixedRange &range = fixed_range(address);
    const std::uint64_t unit = (address - range.begin) / range.unit;
    return static_cast<MemoryType>(mtrrs.fixed[range.first + unit / 8] >> (unit % 8 * 8) & 0xff);
}

// APM vol. 2, 7.7.2: UC wins, then WT over WB; other overlaps are undefined, and UC is the safe answer to them.
MemoryType overlap(MemoryType a, MemoryType b) {
    if (a == b)
        return a;
    const auto pair = [&](MemoryType x, MemoryType y) { return (a == x && b == y) || (a == y && b == x); };
    return pair(MemoryType::WriteThrough, MemoryType::WriteBack) ? MemoryType::WriteThrough : MemoryType::Uncacheable;
}

} // namespace

MemoryType Mtrrs::type_at(Hpa address) const {
    if (!(def_type & kEnable))
        return MemoryType::Uncacheable;
    if ((def_type & kFixedEnable) && address.raw() < kFixedEnd)
        return fixed_type(*this, address.raw());
    bool found = false;
    MemoryType type{};
    for (const Variable &range : std::span(variable).first(variable_count)) {
        const std::uint64_t mask = align_down(range.mask, kPageSize) & (bit(physical_bits) - 1);
        if (!(range.mask & kMaskValid) || (address.raw() & mask) != (range.base & mask))
            continue;
        const auto mine = static_cast<MemoryType>(DefaultType::get(range.base));
        type = found ? overlap(type, mine) : mine;
        found = true;
    }
    return found ? type : static_cast<MemoryType>(DefaultType::get(def_type));
}

TypeBorders type_borders(const Mtrrs &mtrrs) {
    TypeBorders borders;
    const auto add = [&](std::uint64_t address) {
        if (address != 0 && borders.count < TypeBorders::kMost &&
            mtrrs.type_at(Hpa(address)) != mtrrs.type_at(Hpa(address - 1)))
            borders.at[borders.count++] = address;
    };
    for (const FixedRange &range : kFixed) {
        const std::uint64_t end = range.begin == 0 ? 0x80000 : range.begin == 0x80000 ? 0xc0000 : kFixedEnd;
        for (std::uint64_t at = range.begin; at < end; at += range.unit)
            add(at);
    }
    add(kFixedEnd);
    for (const Mtrrs::Variable &range : std::span(mtrrs.variable).first(mtrrs.variable_count)) {
        const std::uint64_t mask = align_down(range.mask, kPageSize) & (bit(mtrrs.physical_bits) - 1);
        if (!(range.mask & kMaskValid) || mask == 0)
            continue;
        const std::uint64_t base = range.base & mask;
        add(base);
        add(base + (mask & -mask)); // contiguous masks only; others are undefined in the manual
    }
    std::sort(borders.at.begin(), borders.at.begin() + borders.count);
    const auto end = std::unique(borders.at.begin(), borders.at.begin() + borders.count);
    borders.count = static_cast<unsigned>(end - borders.at.begin());
    return borders;
}

} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
// A page walk written from the manual (APM vol. 2, 5.3 and 5.4) and from nothing of the code under test: what the CPU
// makes of tables, which `frames` finds by their physical address.
#pragma once

#include "vmm/base/types.hpp"

#include <optional>

namespace vmm::test {

struct Walked {
    std::uint64_t pa = 0;
    std::uint64_t page = 0; // bytes of the page
    bool write = false, user = false, execute = false;
    unsigned pat_index = 0;
    unsigned ept_type = 0; // of extended page tables only
    bool ignores_pat = false;
    bool operator==(const Walked &) const = default;
};

template <class Frames> std::optional<Walked> walk_as_cpu(Frames &frames, Hpa root, unsigned levels, std::uint64_t va) {
    Walked result{.write = true, .user = true, .execute = true};
    std::uint64_t table = root.raw();
    for (unsigned level = levels; level >= 1; level--) {
        const unsigned shift = 3 + 9 * level; // 12, 21, 30, 39, 48
        const std::uint64_t entry = frames.table(Hpa(table))[va >> shift & 0x1ff];
        if (!(entry & 1))
            return std::nullopt;
        result.write &= (entry >> 1 & 1) != 0;
        result.user &= (entry >> 2 & 1) != 0;
        result.execute &= !(entry >> 63 & 1);
        const bool page_size = entry >> 7 & 1;
        if (level == 1 || page_size) {
            if (level > 3)
                return std::nullopt; // PS is reserved there
            const bool pat = level == 1 ? page_size : (entry >> 12 & 1) != 0;
            const std::uint64_t offset_mask = (1ull << shift) - 1;
            const std::uint64_t reserved = entry & offset_mask & 0x000fffffffffe000;
            if (reserved != 0)
                return std::nullopt; // bits between 13 and the frame of a large page must be zero
            result.pa = (entry & 0x000ffffffffff000 & ~offset_mask) | (va & offset_mask);
            result.page = 1ull << shift;
            result.pat_index = static_cast<unsigned>((entry >> 3 & 1) | (entry >> 4 & 1) << 1 | (pat ? 4 : 0));
            return result;
        }
        table = entry & 0x000ffffffffff000;
    }
    return std::nullopt;
}

} // namespace vmm::test

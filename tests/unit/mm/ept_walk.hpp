// SPDX-License-Identifier: GPL-2.0-only
// A walk of extended page tables written from the manual (SDM vol. 3, 29.3.2 and 29.3.3) and from nothing of the code
// under test. What would be a violation or a misconfiguration is no translation.
#pragma once

#include "tests/unit/mm/page_walk.hpp"

namespace vmm::test {

template <class Frames> std::optional<Walked> walk_ept(Frames &frames, Hpa root, unsigned levels, std::uint64_t gpa) {
    const auto bits = [](std::uint64_t value, unsigned high, unsigned low) {
        return value >> low & ((1ull << (high - low + 1)) - 1);
    };
    Walked result{.write = true, .execute = true}; // user and supervisor are one here
    std::uint64_t table = root.raw();
    for (unsigned level = levels; level >= 1; level--) {
        const unsigned shift = 3 + 9 * level; // 12, 21, 30, 39, 48
        const std::uint64_t entry = frames.table(Hpa(table))[gpa >> shift & 0x1ff];
        if (bits(entry, 2, 0) == 0)
            return std::nullopt;
        if (!bits(entry, 0, 0))
            return std::nullopt; // execute-only is an option of the CPU's that is not relied on
        if (bits(entry, 51, 12) << 12 >= 1ull << 46)
            return std::nullopt; // beyond the physical addresses of this CPU
        result.write &= bits(entry, 1, 1) != 0;
        result.execute &= bits(entry, 2, 2) != 0;
        if (level == 1 || bits(entry, 7, 7)) {
            if (level > 3)
                return std::nullopt; // bits 7:3 are reserved there
            const std::uint64_t type = bits(entry, 5, 3);
            if (type == 2 || type == 3 || type == 7)
                return std::nullopt;
            if (level > 1 && bits(entry, shift - 1, 12) != 0)
                return std::nullopt;
            result.page = 1ull << shift;
            result.pa = (entry & 0x000ffffffffff000 & ~(result.page - 1)) | (gpa & (result.page - 1));
            result.ept_type = static_cast<unsigned>(type);
            result.ignores_pat = bits(entry, 6, 6);
            return result;
        }
        if (bits(entry, 6, 3) != 0)
            return std::nullopt;
        table = bits(entry, 51, 12) << 12;
    }
    return std::nullopt;
}

} // namespace vmm::test

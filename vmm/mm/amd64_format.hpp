// SPDX-License-Identifier: GPL-2.0-only
// Entries of AMD64 page tables, APM vol. 2, 5.4. The same layout serves nested paging (15.25.5), where every guest
// access counts as a user access.
#pragma once

#include "vmm/mm/radix_table.hpp"

namespace vmm {

// The VMM's own PAT: type of index PAT:PCD:PWT. Index 0 is WB so that an entry without these bits is ordinary memory.
inline constexpr std::uint64_t kVmmPat = 0x00'01'05'06'00'07'04'06ull;

template <bool User> struct Amd64Format {
    static constexpr std::uint64_t Present = bit(0), Write = bit(1), UserBit = bit(2), Pwt = bit(3), Pcd = bit(4),
                                   Accessed = bit(5), Dirty = bit(6), PageSize = bit(7), PatSmall = bit(7),
                                   PatLarge = bit(12), NoExecute = bit(63);
    static constexpr std::uint64_t kFrame = 0x000ffffffffff000ull;

    static constexpr std::uint64_t leaf(Hpa pa, unsigned level, Rights rights, MemoryType type) {
        return pa.raw() | Present | Accessed | Dirty | (User ? UserBit : 0) | (rights.write ? Write : 0) |
               (rights.execute ? 0 : NoExecute) | (level > 1 ? PageSize : 0) | encode(type, level);
    }
    static constexpr std::uint64_t table(Hpa pa) { return pa.raw() | Present | Write | UserBit | Accessed; }
    static constexpr bool present(std::uint64_t entry) { return entry & Present; }
    static constexpr bool is_leaf(std::uint64_t entry, unsigned level) { return level == 1 || (entry & PageSize); }
    static constexpr Hpa frame(std::uint64_t entry, unsigned level) {
        return Hpa(align_down(entry & kFrame, 1ull << (12 + 9 * (level - 1))));
    }
    static constexpr Rights rights(std::uint64_t entry) { return {(entry & Write) != 0, !(entry & NoExecute)}; }
    static constexpr MemoryType type(std::uint64_t entry, unsigned level) {
        const bool pat = entry & (level == 1 ? PatSmall : PatLarge);
        const unsigned index = (entry & Pwt ? 1 : 0) | (entry & Pcd ? 2 : 0) | (pat ? 4 : 0);
        return static_cast<MemoryType>(kVmmPat >> (8 * index) & 0xff);
    }

  private:
    static constexpr std::uint64_t encode(MemoryType type, unsigned level) {
        unsigned index = 0;
        while (static_cast<MemoryType>(kVmmPat >> (8 * index) & 0xff) != type)
            index++;
        return (index & 1 ? Pwt : 0) | (index & 2 ? Pcd : 0) | (index & 4 ? (level == 1 ? PatSmall : PatLarge) : 0);
    }
};

using HostFormat = Amd64Format<false>;

} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
// Entries of extended page tables. SDM vol. 3, 29.3.2, tables 29-1 to 29-6.
//
// A leaf says its memory type itself: the MTRRs do not apply to what is reached through EPT (29.3.7.2). The guest's PAT
// is combined with it, as bit 6 (ignore PAT) stays clear.
#pragma once

#include "vmm/mm/radix_table.hpp"

namespace vmm::vmx {

struct EptFormat {
    // Every entry of ours can be read: one that can be written only is a misconfiguration (29.3.3.1).
    static constexpr std::uint64_t Read = bit(0), Write = bit(1), Execute = bit(2), PageSize = bit(7),
                                   Accessed = bit(8), Dirty = bit(9);
    static constexpr unsigned kTypeShift = 3;
    static constexpr std::uint64_t kFrame = 0x000ffffffffff000ull;

    static constexpr std::uint64_t leaf(Hpa pa, unsigned level, Rights rights, MemoryType type) {
        return pa.raw() | Read | Accessed | Dirty | (rights.write ? Write : 0) | (rights.execute ? Execute : 0) |
               (level > 1 ? PageSize : 0) | encode(type) << kTypeShift;
    }
    static constexpr std::uint64_t table(Hpa pa) { return pa.raw() | Read | Write | Execute | Accessed; }
    static constexpr bool present(std::uint64_t entry) { return entry & (Read | Write | Execute); }
    static constexpr bool is_leaf(std::uint64_t entry, unsigned level) { return level == 1 || (entry & PageSize); }
    static constexpr Hpa frame(std::uint64_t entry, unsigned level) {
        return Hpa(align_down(entry & kFrame, 1ull << (12 + 9 * (level - 1))));
    }
    static constexpr Rights rights(std::uint64_t entry) { return {(entry & Write) != 0, (entry & Execute) != 0}; }
    static constexpr MemoryType type(std::uint64_t entry, unsigned) {
        return static_cast<MemoryType>(entry >> kTypeShift & 7);
    }

  private:
    // UC- is a type of the PAT alone; without a PAT's say it is UC.
    static constexpr std::uint64_t encode(MemoryType type) {
        return static_cast<std::uint64_t>(type == MemoryType::UncacheableMinus ? MemoryType::Uncacheable : type);
    }
};

} // namespace vmm::vmx

// SPDX-License-Identifier: GPL-2.0-only
// Translation in every paging mode by one slow loop over a description of the mode, from APM vol. 2, 5.2 and 5.3. As
// the code under test it asks for no rights, takes no reserved bit for a fault, and looks at RAM only.
#pragma once

#include "vmm/base/types.hpp"
#include "vmm/mm/guest_memory.hpp"
#include "vmm/x86/registers.hpp"

#include <cstring>
#include <vector>

namespace vmm::test {

class ReferenceWalk {
  public:
    explicit ReferenceWalk(const Paging &paging) {
        const bool is_long = paging.efer & x86::efer::LMA, paged = is_long || (paging.cr0 & x86::cr0::PG);
        address_bits_ = is_long ? 64 : 32;
        if (!paged)
            return;
        if (is_long) {
            root_ = paging.cr3 & kFrame;
            if (paging.cr4 & x86::cr4::LA57)
                levels_.push_back({48, 9, false});
            levels_.insert(levels_.end(), {{39, 9, false}, {30, 9, true}, {21, 9, true}, {12, 9, false}});
        } else if (paging.cr4 & x86::cr4::PAE) {
            root_ = paging.cr3 & 0xffff'ffe0;
            levels_ = {{30, 2, false}, {21, 9, true}, {12, 9, false}};
        } else {
            entry_bytes_ = 4;
            root_ = paging.cr3 & 0xffff'f000;
            levels_ = {{22, 10, (paging.cr4 & x86::cr4::PSE) != 0}, {12, 10, false}};
        }
    }

    // kNowhere when there is none.
    template <class Ram> Gpa operator()(const Ram &ram, std::uint64_t va) const {
        if (address_bits_ == 32)
            va &= 0xffff'ffff;
        std::uint64_t table = root_;
        for (const Level &level : levels_) {
            const std::uint64_t index = va >> level.shift & ((1ull << level.bits) - 1);
            const std::byte *at = ram.at(Gpa(table + index * entry_bytes_));
            if (!at)
                return kNowhere;
            std::uint64_t entry = 0;
            std::memcpy(&entry, at, entry_bytes_);
            if (!(entry & 1))
                return kNowhere;
            const std::uint64_t offset = (1ull << level.shift) - 1;
            if (level.shift == 12)
                return Gpa((entry & kFrame) | (va & offset));
            if (level.may_be_large && (entry & 0x80))
                return Gpa(large_frame(entry, offset) | (va & offset));
            table = entry & kFrame;
        }
        return Gpa(va);
    }

  private:
    static constexpr std::uint64_t kFrame = 0x000f'ffff'ffff'f000;
    struct Level {
        unsigned shift, bits;
        bool may_be_large;
    };

    std::uint64_t large_frame(std::uint64_t entry, std::uint64_t offset) const {
        if (entry_bytes_ == 8)
            return entry & kFrame & ~offset;
        return (entry & 0xffc0'0000) | (entry & 0x001f'e000) << 19; // PSE-36
    }

    unsigned address_bits_ = 64, entry_bytes_ = 8;
    std::uint64_t root_ = 0;
    std::vector<Level> levels_;
};

} // namespace vmm::test

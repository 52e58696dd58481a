// SPDX-License-Identifier: GPL-2.0-only
// Who owns each 2 MiB piece of physical memory. One byte per piece, so that the question "is this the console's?" is
// one load, wherever in memory pieces were given away.
#pragma once

#include "vmm/base/assert.hpp"
#include "vmm/base/result.hpp"
#include "vmm/base/types.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace vmm {

enum class Owner : std::uint8_t {
    Mixed,   // only in part the console's RAM, or not at all: the memory map knows
    Console, // all of it is the console's RAM
    Dirty,   // the VMM's, with contents of whoever had it before
    Free,    // the VMM's, all zeroes
    Frames,  // the VMM's, handed out in pages
    Vm,      // RAM of a VM
    Package, // what a console is restarted from
};

class PieceMap {
  public:
    static constexpr unsigned kShift = 21;
    static constexpr std::uint64_t kSize = 1ull << kShift;

    // One byte per piece from address 0 on, all Mixed; outlives the map.
    void use(std::span<Owner> owners) {
        owners_ = owners.data();
        count_ = owners.size();
    }
    std::uint64_t count() const { return count_; }

    [[gnu::always_inline]] Owner at(std::uint64_t address) const {
        const std::uint64_t index = address >> kShift;
        if (index >= count_) [[unlikely]]
            return Owner::Mixed;
        return owners_[index];
    }

    // The whole pieces in RAM are the console's.
    void add_console(Range<Gpa> ram) {
        const std::uint64_t begin = (ram.begin.raw() + kSize - 1) >> kShift, end = ram.end().raw() >> kShift;
        for (std::uint64_t i = begin; i < end && i < count_; i++) {
            owners_[i] = Owner::Console;
            of(Owner::Console)++;
        }
    }

    // The piece changes hands.
    void move(Hpa piece, Owner from, Owner to) {
        const std::uint64_t index = piece.raw() >> kShift;
        VMM_ASSERT(piece.raw() % kSize == 0 && index < count_ && owners_[index] == from);
        owners_[index] = to;
        of(from)--;
        of(to)++;
        if (to == Owner::Dirty || to == Owner::Free)
            lowest(to) = std::min(lowest(to), index);
    }

    std::uint64_t pieces(Owner owner) const { return counts_[static_cast<unsigned>(owner)]; }

    // Any dirty or free piece.
    Result<Hpa> find(Owner owner) {
        VMM_ASSERT(owner == Owner::Dirty || owner == Owner::Free);
        if (pieces(owner) == 0)
            return Errc::NotFound;
        std::uint64_t &from = lowest(owner);
        while (owners_[from] != owner) // ends: there is one, and none below
            from++;
        return Hpa(from << kShift);
    }

  private:
    std::uint64_t &of(Owner owner) { return counts_[static_cast<unsigned>(owner)]; }
    std::uint64_t &lowest(Owner owner) { return owner == Owner::Dirty ? lowest_dirty_ : lowest_free_; }

    Owner *owners_ = nullptr;
    std::uint64_t count_ = 0;
    std::array<std::uint64_t, 7> counts_{};
    std::uint64_t lowest_dirty_ = 0, lowest_free_ = 0; // no such piece lies below
};

} // namespace vmm

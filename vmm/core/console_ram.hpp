// SPDX-License-Identifier: GPL-2.0-only
// The console's RAM as the VMM reaches it: guest-physical equals host-physical, and neither the arena nor the pieces
// that were given to the VMM are part of it.
#pragma once

#include "vmm/core/physmap.hpp"
#include "vmm/mm/guest_memory.hpp"
#include "vmm/mm/memory_map.hpp"
#include "vmm/mm/pieces.hpp"

namespace vmm {

class ConsoleRam {
  public:
    MemoryMap &map() { return map_; }
    PieceMap &pieces() { return pieces_; }
    const PieceMap &pieces() const { return pieces_; }

    // Where the byte at `address` is mapped, valid up to the end of its page; null when it is not console RAM.
    [[gnu::always_inline]] std::byte *at(Gpa address) const {
        const Owner owner = pieces_.at(address.raw());
        if (owner != Owner::Console) [[unlikely]] {
            if (owner != Owner::Mixed || !map_.is_ram(address))
                return nullptr;
        }
        auto *mapped = at_physical<std::byte>(Hpa(address.raw()));
        if (!mapped)
            __builtin_unreachable(); // the map begins in the upper half: spares every caller a comparison
        return mapped;
    }

    GuestMemory<ConsoleRam> memory() const { return GuestMemory<ConsoleRam>(*this); }

  private:
    PieceMap pieces_; // changed under LockRank::Memory; a reader sees the piece before or after
    MemoryMap map_;
};

} // namespace vmm

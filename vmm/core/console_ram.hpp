// SPDX-License-Identifier: GPL-2.0-only
// The console's RAM as the VMM reaches it: guest-physical equals host-physical, and the arena is not part of it.
#pragma once

#include "vmm/core/physmap.hpp"
#include "vmm/mm/guest_memory.hpp"
#include "vmm/mm/memory_map.hpp"

namespace vmm {

class ConsoleRam {
  public:
    MemoryMap &map() { return map_; }

    // Null when [address, address + bytes) is not all console RAM.
    std::byte *at(Gpa address, std::uint64_t bytes) const {
        return map_.is_ram(address, bytes) ? at_physical<std::byte>(Hpa(address.raw())) : nullptr;
    }

    GuestMemory<ConsoleRam> memory() const { return GuestMemory<ConsoleRam>(*this); }

  private:
    MemoryMap map_;
};

} // namespace vmm

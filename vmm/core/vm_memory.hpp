// SPDX-License-Identifier: GPL-2.0-only
// A VM's RAM as the VMM reaches it: found through the nested tables themselves, whose entries of 2 MiB say where each
// piece lies. One page of them covers a gigabyte.
#pragma once

#include "vmm/core/physmap.hpp"
#include "vmm/mm/guest_memory.hpp"
#include "vmnix/abi/hypercall/hypercall.h"

#include <array>

namespace vmm {

class VmMemory {
  public:
    static constexpr unsigned kGigabytes = (VMNIX_VM_MEMORY_MOST >> 30) + 1; // a hole below 4 GiB

    // `entries`: the 512 nested entries that map gigabyte `n`.
    void set_directory(unsigned n, const std::uint64_t *entries) { directories_[n] = entries; }

    // As ConsoleRam::at. Nested leaves of both vendors have bit 0 when they are readable, and the frame in bits 51:21.
    [[gnu::always_inline]] std::byte *at(Gpa address) const {
        const std::uint64_t gigabyte = address.raw() >> 30;
        if (gigabyte >= kGigabytes || !directories_[gigabyte]) [[unlikely]]
            return nullptr;
        const std::uint64_t entry = directories_[gigabyte][address.raw() >> kPieceShift & 511];
        if (!(entry & 1)) [[unlikely]]
            return nullptr;
        auto *mapped = at_physical<std::byte>(Hpa((entry & kFrame) | (address.raw() & (bit(kPieceShift) - 1))));
        if (!mapped)
            __builtin_unreachable(); // the map begins in the upper half
        return mapped;
    }

    GuestMemory<VmMemory> memory() const { return GuestMemory<VmMemory>(*this); }

  private:
    static constexpr unsigned kPieceShift = 21;
    static constexpr std::uint64_t kFrame = 0x000fffffffe00000ull;

    std::array<const std::uint64_t *, kGigabytes> directories_{};
};

} // namespace vmm

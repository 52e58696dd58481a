// SPDX-License-Identifier: GPL-2.0-only
// Decoded instructions by their bytes: kernels touch their APIC from few places. A hit is verified against the bytes
// that are there now, so nothing has to be invalidated when the guest changes its code or its tables.
#pragma once

#include "vmm/decode/instruction.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace vmm {

class DecodeCache {
  public:
    // The first 16 bytes at the instruction, as two words.
    struct Bytes {
        std::uint64_t low, high;
    };

    struct Slot {
        std::uint64_t rip = ~0ull; // no guest runs at the last byte of the address space
        std::uint64_t low = 0, high = 0, low_mask = 0, high_mask = 0;
        CodeSize code = CodeSize::Bits64;
        Instruction instruction;

        bool holds(std::uint64_t at, Bytes bytes, CodeSize size) const {
            return rip == at && code == size &&
                   (((bytes.low ^ low) & low_mask) | ((bytes.high ^ high) & high_mask)) == 0;
        }
    };

    // The golden ratio spreads neighbouring addresses over the slots.
    Slot &slot(std::uint64_t rip) { return slots_[rip * 0x9e3779b97f4a7c15ull >> (64 - kSlotBits)]; }

    static void fill(Slot &slot, std::uint64_t rip, Bytes bytes, CodeSize code, const Instruction &instruction) {
        const unsigned bits = instruction.length * 8u; // 8 to 120
        slot.low_mask = bits >= 64 ? ~0ull : (1ull << bits) - 1;
        slot.high_mask = bits > 64 ? (1ull << (bits - 64)) - 1 : 0;
        slot.rip = rip;
        slot.low = bytes.low;
        slot.high = bytes.high;
        slot.code = code;
        slot.instruction = instruction;
    }

  private:
    static constexpr unsigned kSlotBits = 4;
    std::array<Slot, 1u << kSlotBits> slots_{};
};

} // namespace vmm

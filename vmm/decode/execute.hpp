// SPDX-License-Identifier: GPL-2.0-only
// What an access to a device page does apart from the access: read the device if reads_memory, call `execute`, write
// the device if writes_memory, then commit the effect. Nothing is changed before that.
//
// References: AMD APM vol. 3, chapter 3, and Intel SDM vol. 2, chapters 3 to 5, under each instruction's name.
#pragma once

#include "vmm/base/result.hpp"
#include "vmm/decode/instruction.hpp"
#include "vmm/decode/operand.hpp"

#include <cstdint>

namespace vmm {

struct Effect {
    std::uint64_t memory = 0;                    // to be stored, if the instruction writes memory
    std::uint64_t flags = 0;                     // the new RFLAGS
    std::uint64_t value = 0;                     // the new content of the whole register `reg`
    std::uint8_t reg = Instruction::kNoRegister; // the one general register that is written

    constexpr void commit(MutableRegisters registers, std::uint64_t &rflags) const {
        if (reg < registers.size())
            registers[reg] = value;
        rflags = flags;
    }
};

// `memory` is what was read, of `instruction.width` bytes; anything if the instruction does not read. For a string
// instruction this is one element, see StringStep. Unsupported unless is_data_access.
Result<Effect> execute(const Instruction &instruction, std::uint64_t memory, Registers registers, std::uint64_t rflags);

// STOS, LODS and MOVS, one element at a time (AMD APM vol. 3, 1.2.6).
class StringStep {
  public:
    // False when REP has nothing left to do: no element must be accessed then.
    static bool has_element(const Instruction &instruction, Registers registers);

    // Moves the index registers past an element, after `execute`, and counts it. True when the instruction is complete;
    // otherwise it is to be resumed at the same address.
    static bool advance(const Instruction &instruction, MutableRegisters registers, std::uint64_t rflags);
};

} // namespace vmm

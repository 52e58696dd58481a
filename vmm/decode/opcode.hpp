// SPDX-License-Identifier: GPL-2.0-only
// Opcode: one row of an opcode map, all that the decoder must know of an opcode before it looks further.
#pragma once

#include "vmm/decode/instruction.hpp"

#include <array>
#include <cstdint>

namespace vmm::opcodes {

// What follows ModRM, SIB and displacement.
enum class Immediate : std::uint8_t {
    None,
    Byte,    // imm8, sign-extended
    Word,    // imm16
    Operand, // imm8, imm16 or imm32 by the operand's width; imm32 for 64 bits
    Full,    // like Operand, but imm64 for 64 bits (MOV reg, imm)
    Near,    // relative branch: 16 or 32 bits
    Far,     // selector and offset
    Enter,   // imm16, imm8
    Extract, // imm8, imm8 (EXTRQ, INSERTQ)
    Moffs,   // an absolute address instead of ModRM
};

// Opcodes whose row ModRM.reg selects, in kGroups. AnyMod: the row stays, and ModRM.mod is taken to be 3.
enum class Group : std::uint8_t {
    None,
    Op80,
    Op81,
    Op83,
    Op8f,
    OpC6,
    OpC7,
    OpF6,
    OpF7,
    OpFe,
    OpFf,
    Op0f00,
    Op0f01,
    Op0fba,
    Op0fc7,
    AnyMod,
};

enum Trait : std::uint16_t {
    kUndefined = 1 << 0,
    kModRm = 1 << 1,
    kLockable = 1 << 2, // LOCK allowed, provided that rm is in memory
    kNot64 = 1 << 3,    // no instruction in 64-bit code
    kPrefix = 1 << 4,
    kMemoryOnly = 1 << 5,   // ModRM.mod = 3 is undefined
    kRegisterOnly = 1 << 6, // ModRM.mod other than 3 is undefined
    kVector = 1 << 7,       // VEX, EVEX or XOP, unless the next byte says otherwise
    kExtends = 1 << 8,      // reg has the operand size whatever the width of rm
    kPlain = 1 << 9,        // undefined with 66, F2 or F3
    kString = 1 << 10,      // memory at rSI or rDI without ModRM
    kEscape = 1 << 11,      // 0F
    kRex = 1 << 12,         // in 64-bit code; else INC, DEC
};

// Opcodes with a rule of their own: see refine.
enum class Special : std::uint8_t {
    None,
    Movsxd,
    SegmentLoad,
    SegmentStore,
    Pause,
    Transaction,
    Port,
    Movnti,
    System,
    Lkgs,
    Extract,
    Popcnt,
    Control,
    Debug,
};

struct Opcode {
    Operation operation = Operation::Other;
    Form form = Form::None;
    Immediate immediate = Immediate::None;
    Group group = Group::None;
    Special special = Special::None;
    std::uint8_t width = 0; // of rm in bytes; 0: the operand size
    std::uint16_t traits = 0;

    constexpr bool has(unsigned any_of) const { return traits & any_of; }
};
static_assert(sizeof(Opcode) == 8);

// What needs a look before the operands are read; together, so that the common opcode takes one test.
inline constexpr unsigned kUnusual = kPrefix | kRex | kEscape | kUndefined | kNot64 | kVector | kPlain;

inline constexpr Opcode kUndefinedOpcode{.traits = kUndefined};

struct OpcodeMap {
    std::array<Opcode, 256> rows{};

    constexpr const Opcode &operator[](std::uint8_t opcode) const { return rows[opcode]; }
    constexpr void set(unsigned opcode, Opcode row) { rows[opcode] = row; }
    constexpr void set(unsigned first, unsigned last, Opcode row) {
        for (unsigned opcode = first; opcode <= last; ++opcode)
            rows[opcode] = row;
    }
    // The pair `even` (bytes) and `even` + 1 (operand size) that most integer instructions come in.
    constexpr void pair(unsigned even, Opcode row) {
        row.width = 1;
        rows[even] = row;
        row.width = 0;
        rows[even + 1] = row;
    }
};

} // namespace vmm::opcodes

// SPDX-License-Identifier: GPL-2.0-only
// What follows the operand bytes: immediates, branch targets and moffs (AMD APM vol. 3, 1.6 and 1.7; Intel SDM vol. 2,
// 2.1.5 and 2.2.1.3 to 2.2.1.5).
#pragma once

#include "vmm/base/result.hpp"
#include "vmm/decode/byte_cursor.hpp"
#include "vmm/decode/instruction.hpp"
#include "vmm/decode/opcode.hpp"
#include "vmm/decode/width.hpp"

#include <cstdint>

namespace vmm {

[[gnu::always_inline]] constexpr Result<void> take_signed_immediate(ByteCursor &cursor, unsigned bytes,
                                                                    Instruction &out) {
    if (bytes == 1)
        out.immediate = static_cast<std::int32_t>(sign_extend(TRY(cursor.take<std::uint8_t>()), 1));
    else if (bytes == 2)
        out.immediate = static_cast<std::int16_t>(TRY(cursor.take<std::uint16_t>()));
    else
        out.immediate = static_cast<std::int32_t>(TRY(cursor.take<std::uint32_t>()));
    return {};
}

// The address is as wide as the address size and stands for the whole memory operand.
[[gnu::always_inline]] constexpr Result<void> take_moffs(ByteCursor &cursor, Instruction &out) {
    out.traits |= Instruction::kMemory;
    if (out.address_width == 8)
        out.displacement = static_cast<std::int64_t>(TRY(cursor.take<std::uint64_t>()));
    else if (out.address_width == 4)
        out.displacement = TRY(cursor.take<std::uint32_t>());
    else
        out.displacement = TRY(cursor.take<std::uint16_t>());
    return {};
}

// `operand_bytes` is the operand size: 2, 4 or 8.
[[gnu::always_inline]] constexpr Result<void> take_immediate(ByteCursor &cursor, const opcodes::Opcode &opcode,
                                                             unsigned operand_bytes, Instruction &out) {
    using opcodes::Immediate;
    const unsigned width = opcode.width == 1 ? 1 : operand_bytes;
    if (opcode.immediate == Immediate::Operand)
        return take_signed_immediate(cursor, width, out);
    switch (opcode.immediate) {
    case Immediate::None:
    case Immediate::Operand:
        return {};
    case Immediate::Byte:
        return take_signed_immediate(cursor, 1, out);
    case Immediate::Moffs:
        return take_moffs(cursor, out);
    case Immediate::Word:
    case Immediate::Extract:
        return cursor.skip(2);
    case Immediate::Enter:
        return cursor.skip(3);
    case Immediate::Full:
        return cursor.skip(width);
    case Immediate::Far:
        return cursor.skip(operand_bytes + 2);
    case Immediate::Near:
        // AMD honours the operand-size prefix in 64-bit code, Intel ignores it (APM vol. 3, 1.2.2; SDM vol. 2, Jcc).
        if (out.has(Instruction::kBits64) && operand_bytes == 2)
            return Errc::Unsupported;
        return cursor.skip(operand_bytes == 2 ? 2 : 4);
    }
    __builtin_unreachable(); // every enumerator returns above
}

} // namespace vmm

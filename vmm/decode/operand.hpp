// SPDX-License-Identifier: GPL-2.0-only
// Where an instruction's memory operand lies, and the value of its register operand.
//
// References: AMD APM vol. 3, 1.4 to 1.7 and vol. 2, 1.2 (effective and linear addresses); Intel SDM vol. 1, 3.7.5.
#pragma once

#include "vmm/base/types.hpp"
#include "vmm/decode/instruction.hpp"
#include "vmm/decode/width.hpp"

#include <cstdint>
#include <span>

namespace vmm {

// RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15: the numbers of the encoding.
using Registers = std::span<const std::uint64_t, 16>;
using MutableRegisters = std::span<std::uint64_t, 16>;

namespace registers {
inline constexpr std::uint8_t kAx = 0, kCx = 1, kSi = 6, kDi = 7;
} // namespace registers

// What a register holds after its part of `bytes` was written: 32-bit writes clear the upper half, narrower ones do not
// (AMD APM vol. 3, 1.4.2).
constexpr std::uint64_t merge_register(std::uint64_t old, std::uint64_t value, unsigned bytes) {
    if (bytes >= 4)
        return low_bytes(value, bytes);
    return (old & ~low_bytes(~0ull, bytes)) | low_bytes(value, bytes);
}

constexpr std::uint64_t register_value(const Instruction &instruction, Registers registers) {
    const std::uint64_t whole = registers[instruction.reg];
    return low_bytes(instruction.has(Instruction::kHighByte) ? whole >> 8 : whole, instruction.register_width);
}

// What BT, BTS, BTR and BTC with a bit number in a register add to the address: the number is signed and reaches beyond
// the operand (AMD APM vol. 3, BT).
constexpr std::uint64_t bit_string_offset(const Instruction &instruction, Registers registers) {
    if (instruction.form != Form::RmReg || instruction.operation < Operation::Bt ||
        instruction.operation > Operation::Btc)
        return 0;
    const std::uint64_t bit = sign_extend(registers[instruction.reg], instruction.width);
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(bit) >> 3) & ~(instruction.width - 1ull);
}

// The offset within the segment. `rip` is the address of the instruction. Only for memory operands.
constexpr std::uint64_t effective_address(const Instruction &instruction, Registers registers, std::uint64_t rip) {
    auto address = static_cast<std::uint64_t>(instruction.displacement);
    if (instruction.base < registers.size())
        address += registers[instruction.base];
    else if (instruction.base == Instruction::kRip)
        address += rip + instruction.length;
    if (instruction.index < registers.size())
        address += registers[instruction.index] << instruction.shift;
    return low_bytes(address + bit_string_offset(instruction, registers), instruction.address_width);
}

// MOVS stores to ES:rDI, which no prefix overrides.
constexpr std::uint64_t movs_destination(const Instruction &instruction, Registers registers) {
    return low_bytes(registers[registers::kDi], instruction.address_width);
}

// In 64-bit code the bases of ES, CS, SS and DS count as zero, and `segment_base` is of use for FS and GS alone.
constexpr Gva linear_address(const Instruction &instruction, std::uint64_t offset, std::uint64_t segment_base) {
    if (instruction.has(Instruction::kBits64))
        return Gva(instruction.segment >= SegmentRegister::Fs ? offset + segment_base : offset);
    return Gva(low_bytes(offset + segment_base, 4));
}

} // namespace vmm

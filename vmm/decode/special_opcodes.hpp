// SPDX-License-Identifier: GPL-2.0-only
// Opcodes whose meaning or validity hangs on more than a row of a map can say.
#pragma once

#include "vmm/base/result.hpp"
#include "vmm/decode/instruction.hpp"
#include "vmm/decode/opcode.hpp"
#include "vmm/decode/opcode_groups.hpp"
#include "vmm/decode/prefixes.hpp"

#include <cstdint>

namespace vmm {

// 0F 01 (AMD APM vol. 3, tables; Intel SDM vol. 2, table A-6, group 7).
constexpr Result<opcodes::Opcode> refine_system(std::uint8_t modrm, Prefixes prefixes, opcodes::Opcode opcode) {
    if (modrm < 0xc0) {
        if (opcode.operation == Operation::Smsw)
            opcode.width = 2;
        return opcode;
    }
    const opcodes::Opcode row = opcodes::kSystemRows[modrm & 0x3f];
    const bool another = row.has(opcodes::kPlain) && prefixes.mandatory();
    opcode.operation = another ? Operation::Other : row.operation;
    return opcode;
}

// Which registers exist (AMD APM vol. 3, MOV CRn and MOV DRn). Their width is that of the mode.
constexpr Result<opcodes::Opcode> refine_control(std::uint8_t modrm, Prefixes prefixes, CodeSize code,
                                                 opcodes::Opcode opcode) {
    constexpr unsigned kControlRegisters = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 8;
    constexpr unsigned kDebugRegisters = 0xff;
    const unsigned reg = (modrm >> 3 & 7) | prefixes.rex_r();
    const unsigned known = opcode.special == opcodes::Special::Debug ? kDebugRegisters : kControlRegisters;
    if (!(known >> reg & 1))
        return Errc::Invalid;
    opcode.width = code == CodeSize::Bits64 ? 8 : 4;
    return opcode;
}

[[gnu::noinline]] constexpr Result<opcodes::Opcode> refine(std::uint8_t modrm, Prefixes prefixes, CodeSize code,
                                                           opcodes::Opcode opcode) {
    using opcodes::Special;
    const unsigned reg = modrm >> 3 & 7;
    bool valid = true;
    switch (opcode.special) {
    case Special::None:
        break;
    case Special::Movsxd: // ARPL outside 64-bit code; with 66 AMD and Intel load different widths
        if (code != CodeSize::Bits64 || prefixes.operand_bytes(code) == 2)
            opcode = {};
        break;
    case Special::SegmentLoad:
        valid = reg <= 5 && reg != 1;
        break;
    case Special::SegmentStore:
        valid = reg <= 5;
        break;
    case Special::Pause:
        if (prefixes.has(Prefixes::kRep) && !prefixes.rex_b()) // else NOP, or XCHG with R8
            opcode.operation = Operation::Pause;
        break;
    case Special::Transaction: // XABORT, XBEGIN
        valid = modrm == 0xf8;
        break;
    case Special::System:
        return refine_system(modrm, prefixes, opcode);
    case Special::Port: // the immediate and the accumulator have at most 32 bits
        if (opcode.width == 0 && prefixes.rex_w())
            opcode.width = 4;
        break;
    case Special::Movnti: // 32 or 64 bits, also in 16-bit code
        opcode.width = prefixes.rex_w() ? 8 : 4;
        break;
    case Special::Lkgs:
        valid = prefixes.has(Prefixes::kRepne);
        break;
    case Special::Extract: // EXTRQ, INSERTQ; otherwise VMREAD
        if (prefixes.mandatory())
            opcode.immediate = opcodes::Immediate::Extract;
        break;
    case Special::Popcnt:
        valid = prefixes.has(Prefixes::kRep);
        break;
    case Special::Control:
    case Special::Debug:
        return refine_control(modrm, prefixes, code, opcode);
    }
    return valid ? Result<opcodes::Opcode>(opcode) : Errc::Invalid;
}

} // namespace vmm

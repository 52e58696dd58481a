// SPDX-License-Identifier: GPL-2.0-only
// Opcodes that are extended by ModRM (AMD APM vol. 3, A.1.2 "ModRM extensions"; Intel SDM vol. 2, A.4).
#pragma once

#include "vmm/decode/opcode.hpp"

namespace vmm::opcodes {

using GroupRows = std::array<Opcode, 8>;

consteval Opcode unary(Operation operation, std::uint8_t width) {
    return {.operation = operation, .form = Form::Rm, .width = width, .traits = kModRm | kLockable};
}

consteval GroupRows undefined_rows() {
    GroupRows rows{};
    rows.fill(kUndefinedOpcode);
    return rows;
}

// 80, 81, 83.
consteval GroupRows arithmetic_rows(std::uint8_t width, Immediate immediate) {
    GroupRows rows{};
    for (unsigned reg = 0; reg < 8; ++reg) {
        const auto operation = static_cast<Operation>(static_cast<unsigned>(Operation::Add) + reg);
        const std::uint16_t lockable = operation == Operation::Cmp ? 0 : kLockable;
        rows[reg] = {.operation = operation,
                     .form = Form::RmImm,
                     .immediate = immediate,
                     .width = width,
                     .traits = static_cast<std::uint16_t>(kModRm | lockable)};
    }
    return rows;
}

// C6, C7: MOV; XABORT or XBEGIN.
consteval GroupRows move_rows(std::uint8_t width) {
    GroupRows rows = undefined_rows();
    rows[0] = {.operation = Operation::Mov,
               .form = Form::RmImm,
               .immediate = Immediate::Operand,
               .width = width,
               .traits = kModRm};
    rows[7] = {.immediate = Immediate::Operand, .special = Special::Transaction, .width = width, .traits = kModRm};
    return rows;
}

// F6, F7: TEST, NOT, NEG; MUL, DIV.
consteval GroupRows unary_rows(std::uint8_t width) {
    GroupRows rows{};
    rows.fill({.width = width, .traits = kModRm});
    rows[0] = rows[1] = {.operation = Operation::Test,
                         .form = Form::RmImm,
                         .immediate = Immediate::Operand,
                         .width = width,
                         .traits = kModRm};
    rows[2] = unary(Operation::Not, width);
    rows[3] = unary(Operation::Neg, width);
    return rows;
}

// FE, FF: INC, DEC; FF also CALL, JMP, PUSH.
consteval GroupRows increment_rows(std::uint8_t width) {
    GroupRows rows = undefined_rows();
    rows[0] = unary(Operation::Inc, width);
    rows[1] = unary(Operation::Dec, width);
    if (width == 1)
        return rows;
    rows[2] = rows[4] = rows[6] = {.traits = kModRm};
    rows[3] = rows[5] = {.traits = kModRm | kMemoryOnly};
    return rows;
}

// 8F: POP, where it is not XOP.
consteval GroupRows pop_rows() {
    GroupRows rows = undefined_rows();
    rows[0] = {.traits = kModRm};
    return rows;
}

// 0F 00.
consteval GroupRows task_rows() {
    GroupRows rows = undefined_rows();
    constexpr std::array kOperations{Operation::Sldt, Operation::Str,   Operation::Lldt,
                                     Operation::Ltr,  Operation::Other, Operation::Other};
    for (unsigned reg = 0; reg < kOperations.size(); ++reg)
        rows[reg] = {.operation = kOperations[reg], .width = 2, .traits = kModRm};
    rows[6] = {.special = Special::Lkgs, .traits = kModRm};
    return rows;
}

// 0F 01, the memory forms; see also kSystemRows.
consteval GroupRows table_rows() {
    GroupRows rows{};
    constexpr std::array kOperations{Operation::Sgdt, Operation::Sidt,  Operation::Lgdt, Operation::Lidt,
                                     Operation::Smsw, Operation::Other, Operation::Lmsw, Operation::Invlpg};
    for (unsigned reg = 0; reg < rows.size(); ++reg)
        rows[reg] = {.operation = kOperations[reg], .special = Special::System, .traits = kModRm};
    rows[6].width = 2;
    return rows;
}

// 0F BA.
consteval GroupRows bit_rows() {
    GroupRows rows = undefined_rows();
    for (unsigned reg = 4; reg < 8; ++reg) {
        const auto operation = static_cast<Operation>(static_cast<unsigned>(Operation::Bt) + reg - 4);
        const std::uint16_t lockable = operation == Operation::Bt ? 0 : kLockable;
        rows[reg] = {.operation = operation,
                     .form = Form::RmImm,
                     .immediate = Immediate::Byte,
                     .traits = static_cast<std::uint16_t>(kModRm | lockable)};
    }
    return rows;
}

// 0F C7: CMPXCHG8B and 16B; XRSTORS, XSAVEC, XSAVES; VMX pointers, RDRAND, RDSEED, RDPID.
consteval GroupRows extended_rows() {
    GroupRows rows = undefined_rows();
    rows[1] = {.traits = kModRm | kMemoryOnly | kLockable};
    rows[3] = rows[4] = rows[5] = {.traits = kModRm | kMemoryOnly};
    rows[6] = rows[7] = {.traits = kModRm};
    return rows;
}

inline constexpr std::array<GroupRows, 15> kGroups{
    undefined_rows(),
    arithmetic_rows(1, Immediate::Operand),
    arithmetic_rows(0, Immediate::Operand),
    arithmetic_rows(0, Immediate::Byte),
    pop_rows(),
    move_rows(1),
    move_rows(0),
    unary_rows(1),
    unary_rows(0),
    increment_rows(1),
    increment_rows(0),
    task_rows(),
    table_rows(),
    bit_rows(),
    extended_rows(),
};
static_assert(kGroups.size() == static_cast<unsigned>(Group::AnyMod));

// 0F 01 with ModRM.mod = 3, by the low six bits of ModRM. The format is the same for all, whether we know them or not.
consteval std::array<Opcode, 64> system_rows() {
    std::array<Opcode, 64> rows{};
    // With 66, F2 or F3 these are other instructions, or none.
    const auto plain = [&](unsigned modrm, Operation operation) {
        rows[modrm & 0x3f] = {.operation = operation, .traits = kPlain};
    };
    plain(0xc1, Operation::Vmcall);
    plain(0xc8, Operation::Monitor);
    plain(0xc9, Operation::Mwait);
    plain(0xd1, Operation::Xsetbv);
    plain(0xfa, Operation::Monitorx);
    plain(0xfb, Operation::Mwaitx);
    plain(0xfd, Operation::Rdpru);
    plain(0xfe, Operation::Invlpgb);
    plain(0xff, Operation::Tlbsync);
    // These ignore them. VMGEXIT, which is VMMCALL with F2 or F3, differs in SEV-ES guests alone.
    constexpr std::array kVirtualization{Operation::Vmrun, Operation::Vmmcall, Operation::Vmload, Operation::Vmsave,
                                         Operation::Stgi,  Operation::Clgi,    Operation::Skinit, Operation::Invlpga};
    for (unsigned rm = 0; rm < 8; ++rm) {
        rows[0x18 + rm] = {.operation = kVirtualization[rm]};
        rows[0x20 + rm] = {.operation = Operation::Smsw};
        rows[0x30 + rm] = {.operation = Operation::Lmsw};
    }
    rows[0x39] = {.operation = Operation::Rdtscp};
    return rows;
}

inline constexpr std::array<Opcode, 64> kSystemRows = system_rows();

} // namespace vmm::opcodes

// SPDX-License-Identifier: GPL-2.0-only
#include "zydis_operands.hpp"

#include "zydis_operations.hpp"

#include "vmm/decode/operand.hpp"

#include <algorithm>

namespace vmm::test {
namespace {

using Operands = std::span<const ZydisDecodedOperand>;

bool is_memory(const ZydisDecodedOperand &operand) {
    return operand.type == ZYDIS_OPERAND_TYPE_MEMORY;
}

ZydisRegisterClass register_class(const ZydisDecodedOperand &operand) {
    return operand.type == ZYDIS_OPERAND_TYPE_REGISTER ? ZydisRegisterGetClass(operand.reg.value)
                                                       : ZYDIS_REGCLASS_INVALID;
}

bool has_prefix(const ZydisDecodedInstruction &theirs, std::uint8_t prefix) {
    const std::span prefixes(theirs.raw.prefixes, theirs.raw.prefix_count);
    return std::ranges::any_of(prefixes, [=](const auto &entry) { return entry.value == prefix; });
}

Operation move_operation(Operands operands) {
    switch (register_class(operands[0])) {
    case ZYDIS_REGCLASS_CONTROL:
        return Operation::MovToCr;
    case ZYDIS_REGCLASS_DEBUG:
        return Operation::MovToDr;
    default:
        break;
    }
    switch (register_class(operands[1])) {
    case ZYDIS_REGCLASS_CONTROL:
        return Operation::MovFromCr;
    case ZYDIS_REGCLASS_DEBUG:
        return Operation::MovFromDr;
    default:
        return Operation::Mov;
    }
}

// Where we know better: CPUs execute F3 with REX.B and 90 as XCHG with R8, and RDPRU with F3 is RMPQUERY by now.
bool zydis_errs(const ZydisDecodedInstruction &theirs) {
    switch (theirs.mnemonic) {
    case ZYDIS_MNEMONIC_PAUSE:
        return theirs.raw.rex.B != 0;
    case ZYDIS_MNEMONIC_RDPRU:
        return has_prefix(theirs, 0x66) || has_prefix(theirs, 0xf2) || has_prefix(theirs, 0xf3);
    default:
        return false;
    }
}

// Not to be emulated, though their mnemonics are: segment and vector registers, forms without a memory form, and MOVSXD
// with a 16-bit operand.
bool never_emulated(const ZydisDecodedInstruction &theirs, Operands operands) {
    const bool foreign = std::ranges::any_of(operands, [](const ZydisDecodedOperand &operand) {
        return register_class(operand) == ZYDIS_REGCLASS_SEGMENT || register_class(operand) == ZYDIS_REGCLASS_XMM;
    });
    const bool rm = (theirs.attributes & ZYDIS_ATTRIB_HAS_MODRM) || std::ranges::any_of(operands, is_memory);
    return foreign || !rm || (theirs.mnemonic == ZYDIS_MNEMONIC_MOVSXD && theirs.operand_width == 16);
}

// What we should call the instruction.
Operation expected_operation(const ZydisDecodedInstruction &theirs, Operands operands) {
    const Operation operation =
        theirs.mnemonic == ZYDIS_MNEMONIC_MOV ? move_operation(operands) : operation_of(theirs.mnemonic);
    if (zydis_errs(theirs) || (operation <= Operation::Movs && never_emulated(theirs, operands)))
        return Operation::Other;
    return operation;
}

struct Register {
    std::uint8_t number;
    bool high_byte;
    bool operator==(const Register &) const = default;
};

Register our_number(ZydisRegister reg) {
    if (reg == ZYDIS_REGISTER_NONE)
        return {Instruction::kNoRegister, false};
    if (reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP)
        return {Instruction::kRip, false};
    if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH)
        return {static_cast<std::uint8_t>(reg - ZYDIS_REGISTER_AH), true};
    if (reg >= ZYDIS_REGISTER_SPL && reg <= ZYDIS_REGISTER_R15B)
        return {static_cast<std::uint8_t>(reg - ZYDIS_REGISTER_SPL + 4), false};
    return {static_cast<std::uint8_t>(ZydisRegisterGetId(reg)), false};
}

std::string memory_fault(const Instruction &ours, const ZydisDecodedOperand &operand) {
    const auto &memory = operand.mem;
    if (!ours.has(Instruction::kMemory))
        return "rm is in memory";
    if (ZydisRegisterGetId(memory.segment) != static_cast<ZyanI8>(ours.segment))
        return "segment";
    // Zydis 4.0 takes R13D for a base where mod = 0 says that there is none; the CPU does not (see operand_test).
    const bool zydis_errs =
        ours.address_width == 4 && memory.base == ZYDIS_REGISTER_R13D && !memory.disp.has_displacement;
    if (ours.base == Instruction::kNoRegister && zydis_errs)
        return {};
    if (our_number(memory.base).number != ours.base)
        return "base";
    if (our_number(memory.index).number != ours.index)
        return "index";
    if ((memory.index == ZYDIS_REGISTER_NONE ? 1 : memory.scale) != 1u << ours.shift)
        return "scale";
    const auto displacement = static_cast<std::uint64_t>(memory.disp.has_displacement ? memory.disp.value : 0);
    if (low_bytes(displacement, ours.address_width) !=
        low_bytes(static_cast<std::uint64_t>(ours.displacement), ours.address_width))
        return "displacement";
    return {};
}

std::string access_fault(const Instruction &ours, const ZydisDecodedOperand &operand) {
    if (operand.size != 8u * ours.width)
        return "width of the memory operand";
    const bool reads = operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ;
    const bool writes = operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
    if (reads != reads_memory(ours))
        return "whether memory is read";
    return writes != writes_memory(ours) && ours.operation != Operation::Movs ? "whether memory is written" : "";
}

std::string register_fault(const Instruction &ours, const ZydisDecodedOperand &operand) {
    if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER)
        return "an operand is no register";
    if (our_number(operand.reg.value) != Register{ours.reg, ours.has(Instruction::kHighByte)})
        return "register";
    return operand.size != 8u * ours.register_width ? "width of the register" : "";
}

std::string immediate_fault(const Instruction &ours, const ZydisDecodedOperand &operand) {
    if (operand.type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
        return "an operand is no immediate";
    const bool bits = ours.operation >= Operation::Bt && ours.operation <= Operation::Btc;
    const unsigned width = bits ? 1 : ours.width;
    const auto value = static_cast<std::uint64_t>(std::int64_t{ours.immediate});
    return low_bytes(value, width) != low_bytes(operand.imm.value.u, width) ? "immediate" : "";
}

// rm, whichever of memory and register it is.
std::string rm_fault(const Instruction &ours, const ZydisDecodedOperand &operand) {
    if (is_memory(operand)) {
        const std::string fault = memory_fault(ours, operand);
        return !fault.empty() || !is_data_access(ours) ? fault : access_fault(ours, operand);
    }
    if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER || ours.has(Instruction::kMemory))
        return "rm is a register";
    const std::uint8_t number = static_cast<std::uint8_t>(ZydisRegisterGetId(operand.reg.value));
    return register_class(operand) != ZYDIS_REGCLASS_GPR8 && number != ours.base ? "register of rm" : "";
}

std::string data_fault(const Instruction &ours, Operands operands) {
    switch (ours.form) {
    case Form::RmReg:
        return rm_fault(ours, operands[0]) + register_fault(ours, operands[1]);
    case Form::RegRm:
        return rm_fault(ours, operands[1]) + register_fault(ours, operands[0]);
    case Form::RmImm:
        return rm_fault(ours, operands[0]) + immediate_fault(ours, operands[1]);
    case Form::Rm:
        return rm_fault(ours, operands[0]);
    case Form::RmRm:
        return rm_fault(ours, operands[1]);
    case Form::None:
        break;
    }
    return "no form";
}

std::string system_fault(const Instruction &ours, Operands operands) {
    switch (ours.operation) {
    case Operation::MovFromCr:
    case Operation::MovToCr:
    case Operation::MovFromDr:
    case Operation::MovToDr:
        return data_fault(ours, operands);
    case Operation::Invlpg:
    case Operation::Smsw:
    case Operation::Lmsw:
    case Operation::Sgdt:
    case Operation::Sidt:
    case Operation::Lgdt:
    case Operation::Lidt:
    case Operation::Sldt:
    case Operation::Str:
    case Operation::Lldt:
    case Operation::Ltr:
    case Operation::Ins:
        return rm_fault(ours, operands[0]);
    case Operation::Invpcid:
    case Operation::Outs:
        return rm_fault(ours, operands[1]);
    case Operation::In:
        return operands[0].size != 8u * ours.width ? "width of the port access" : "";
    case Operation::Out:
        return operands[1].size != 8u * ours.width ? "width of the port access" : "";
    default:
        return {};
    }
}

} // namespace

std::string operand_fault(const Instruction &ours, const ZydisDecodedInstruction &theirs, Operands operands) {
    const Operation expected = expected_operation(theirs, operands);
    if (ours.operation != expected)
        return std::string("operation is ") + ZydisMnemonicGetString(theirs.mnemonic);
    if (expected == Operation::Other)
        return {};
    if (ours.address_width * 8 != theirs.address_width)
        return "address width";
    if (ours.has(Instruction::kLock) != ((theirs.attributes & ZYDIS_ATTRIB_HAS_LOCK) != 0))
        return "LOCK";
    constexpr auto kRepeats = ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
    const bool repeats = ours.has(Instruction::kRep) || ours.has(Instruction::kRepne);
    if (is_string(expected) && repeats != ((theirs.attributes & kRepeats) != 0))
        return "REP";
    return expected <= Operation::Movs ? data_fault(ours, operands) : system_fault(ours, operands);
}

} // namespace vmm::test

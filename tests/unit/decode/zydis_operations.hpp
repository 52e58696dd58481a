// SPDX-License-Identifier: GPL-2.0-only
// Our names for the mnemonics of Zydis. What is not listed is Other.
#pragma once

#include "vmm/decode/instruction.hpp"

#include <Zydis/Zydis.h>

#include <array>
#include <cstddef>

namespace vmm::test {

struct NamedOperation {
    ZydisMnemonic mnemonic;
    Operation operation;
};

inline constexpr NamedOperation kNamedOperations[]{
    {ZYDIS_MNEMONIC_ADD, Operation::Add},
    {ZYDIS_MNEMONIC_OR, Operation::Or},
    {ZYDIS_MNEMONIC_ADC, Operation::Adc},
    {ZYDIS_MNEMONIC_SBB, Operation::Sbb},
    {ZYDIS_MNEMONIC_AND, Operation::And},
    {ZYDIS_MNEMONIC_SUB, Operation::Sub},
    {ZYDIS_MNEMONIC_XOR, Operation::Xor},
    {ZYDIS_MNEMONIC_CMP, Operation::Cmp},
    {ZYDIS_MNEMONIC_TEST, Operation::Test},
    {ZYDIS_MNEMONIC_MOV, Operation::Mov},
    {ZYDIS_MNEMONIC_MOVNTI, Operation::Mov},
    {ZYDIS_MNEMONIC_MOVZX, Operation::Movzx},
    {ZYDIS_MNEMONIC_MOVSX, Operation::Movsx},
    {ZYDIS_MNEMONIC_MOVSXD, Operation::Movsx},
    {ZYDIS_MNEMONIC_MOVBE, Operation::Movbe},
    {ZYDIS_MNEMONIC_XCHG, Operation::Xchg},
    {ZYDIS_MNEMONIC_INC, Operation::Inc},
    {ZYDIS_MNEMONIC_DEC, Operation::Dec},
    {ZYDIS_MNEMONIC_NOT, Operation::Not},
    {ZYDIS_MNEMONIC_NEG, Operation::Neg},
    {ZYDIS_MNEMONIC_BT, Operation::Bt},
    {ZYDIS_MNEMONIC_BTS, Operation::Bts},
    {ZYDIS_MNEMONIC_BTR, Operation::Btr},
    {ZYDIS_MNEMONIC_BTC, Operation::Btc},
    {ZYDIS_MNEMONIC_XADD, Operation::Xadd},
    {ZYDIS_MNEMONIC_CMPXCHG, Operation::Cmpxchg},
    {ZYDIS_MNEMONIC_STOSB, Operation::Stos},
    {ZYDIS_MNEMONIC_STOSW, Operation::Stos},
    {ZYDIS_MNEMONIC_STOSD, Operation::Stos},
    {ZYDIS_MNEMONIC_STOSQ, Operation::Stos},
    {ZYDIS_MNEMONIC_LODSB, Operation::Lods},
    {ZYDIS_MNEMONIC_LODSW, Operation::Lods},
    {ZYDIS_MNEMONIC_LODSD, Operation::Lods},
    {ZYDIS_MNEMONIC_LODSQ, Operation::Lods},
    {ZYDIS_MNEMONIC_MOVSB, Operation::Movs},
    {ZYDIS_MNEMONIC_MOVSW, Operation::Movs},
    {ZYDIS_MNEMONIC_MOVSD, Operation::Movs},
    {ZYDIS_MNEMONIC_MOVSQ, Operation::Movs},
    {ZYDIS_MNEMONIC_CPUID, Operation::Cpuid},
    {ZYDIS_MNEMONIC_RDMSR, Operation::Rdmsr},
    {ZYDIS_MNEMONIC_WRMSR, Operation::Wrmsr},
    {ZYDIS_MNEMONIC_RDTSC, Operation::Rdtsc},
    {ZYDIS_MNEMONIC_RDTSCP, Operation::Rdtscp},
    {ZYDIS_MNEMONIC_RDPMC, Operation::Rdpmc},
    {ZYDIS_MNEMONIC_RDPRU, Operation::Rdpru},
    {ZYDIS_MNEMONIC_XSETBV, Operation::Xsetbv},
    {ZYDIS_MNEMONIC_HLT, Operation::Hlt},
    {ZYDIS_MNEMONIC_PAUSE, Operation::Pause},
    {ZYDIS_MNEMONIC_MONITOR, Operation::Monitor},
    {ZYDIS_MNEMONIC_MWAIT, Operation::Mwait},
    {ZYDIS_MNEMONIC_MONITORX, Operation::Monitorx},
    {ZYDIS_MNEMONIC_MWAITX, Operation::Mwaitx},
    {ZYDIS_MNEMONIC_IN, Operation::In},
    {ZYDIS_MNEMONIC_OUT, Operation::Out},
    {ZYDIS_MNEMONIC_INSB, Operation::Ins},
    {ZYDIS_MNEMONIC_INSW, Operation::Ins},
    {ZYDIS_MNEMONIC_INSD, Operation::Ins},
    {ZYDIS_MNEMONIC_OUTSB, Operation::Outs},
    {ZYDIS_MNEMONIC_OUTSW, Operation::Outs},
    {ZYDIS_MNEMONIC_OUTSD, Operation::Outs},
    {ZYDIS_MNEMONIC_VMCALL, Operation::Vmcall},
    {ZYDIS_MNEMONIC_VMMCALL, Operation::Vmmcall},
    {ZYDIS_MNEMONIC_VMRUN, Operation::Vmrun},
    {ZYDIS_MNEMONIC_VMLOAD, Operation::Vmload},
    {ZYDIS_MNEMONIC_VMSAVE, Operation::Vmsave},
    {ZYDIS_MNEMONIC_STGI, Operation::Stgi},
    {ZYDIS_MNEMONIC_CLGI, Operation::Clgi},
    {ZYDIS_MNEMONIC_SKINIT, Operation::Skinit},
    {ZYDIS_MNEMONIC_INVD, Operation::Invd},
    {ZYDIS_MNEMONIC_WBINVD, Operation::Wbinvd},
    {ZYDIS_MNEMONIC_INVLPG, Operation::Invlpg},
    {ZYDIS_MNEMONIC_INVLPGA, Operation::Invlpga},
    {ZYDIS_MNEMONIC_INVLPGB, Operation::Invlpgb},
    {ZYDIS_MNEMONIC_TLBSYNC, Operation::Tlbsync},
    {ZYDIS_MNEMONIC_INVPCID, Operation::Invpcid},
    {ZYDIS_MNEMONIC_CLTS, Operation::Clts},
    {ZYDIS_MNEMONIC_SMSW, Operation::Smsw},
    {ZYDIS_MNEMONIC_LMSW, Operation::Lmsw},
    {ZYDIS_MNEMONIC_SGDT, Operation::Sgdt},
    {ZYDIS_MNEMONIC_SIDT, Operation::Sidt},
    {ZYDIS_MNEMONIC_LGDT, Operation::Lgdt},
    {ZYDIS_MNEMONIC_LIDT, Operation::Lidt},
    {ZYDIS_MNEMONIC_SLDT, Operation::Sldt},
    {ZYDIS_MNEMONIC_STR, Operation::Str},
    {ZYDIS_MNEMONIC_LLDT, Operation::Lldt},
    {ZYDIS_MNEMONIC_LTR, Operation::Ltr},
    {ZYDIS_MNEMONIC_INT, Operation::Int},
    {ZYDIS_MNEMONIC_INT1, Operation::Int1},
    {ZYDIS_MNEMONIC_INT3, Operation::Int3},
    {ZYDIS_MNEMONIC_INTO, Operation::Into},
    {ZYDIS_MNEMONIC_IRET, Operation::Iret},
    {ZYDIS_MNEMONIC_IRETD, Operation::Iret},
    {ZYDIS_MNEMONIC_IRETQ, Operation::Iret},
    {ZYDIS_MNEMONIC_PUSHF, Operation::Pushf},
    {ZYDIS_MNEMONIC_PUSHFD, Operation::Pushf},
    {ZYDIS_MNEMONIC_PUSHFQ, Operation::Pushf},
    {ZYDIS_MNEMONIC_POPF, Operation::Popf},
    {ZYDIS_MNEMONIC_POPFD, Operation::Popf},
    {ZYDIS_MNEMONIC_POPFQ, Operation::Popf},
    {ZYDIS_MNEMONIC_RSM, Operation::Rsm},
};

inline constexpr auto kOperationOf = [] {
    std::array<Operation, ZYDIS_MNEMONIC_MAX_VALUE + 1> table{};
    for (const NamedOperation &row : kNamedOperations)
        table[static_cast<std::size_t>(row.mnemonic)] = row.operation;
    return table;
}();

inline Operation operation_of(ZydisMnemonic mnemonic) {
    return kOperationOf[static_cast<std::size_t>(mnemonic)];
}

} // namespace vmm::test

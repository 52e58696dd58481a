// SPDX-License-Identifier: GPL-2.0-only
// Instruction: what the decoder tells of one guest instruction, small enough to be kept in a decode cache.
#pragma once

#include <cstdint>
#include <type_traits>

namespace vmm {

// The default operand and address size of the code segment: CS.D, and CS.L under EFER.LMA.
enum class CodeSize : std::uint8_t { Bits16, Bits32, Bits64 };

// In the order of the encoding (AMD APM vol. 3, 1.8.2; ModRM.reg of MOV Sreg).
enum class SegmentRegister : std::uint8_t { Es, Cs, Ss, Ds, Fs, Gs };

// What an instruction does, as far as the VMM cares. The order is used: see is_data_access and is_alu.
enum class Operation : std::uint8_t {
    Other, // valid, and never emulated: only its length means anything

    // Emulated on memory. The first eight are in the order of ModRM.reg of opcodes 80 to 83.
    Add,
    Or,
    Adc,
    Sbb,
    And,
    Sub,
    Xor,
    Cmp,
    Test,
    Mov,
    Movzx,
    Movsx,
    Movbe,
    Xchg,
    Inc,
    Dec,
    Not,
    Neg,
    Bt,
    Bts,
    Btr,
    Btc,
    Xadd,
    Cmpxchg,
    Stos,
    Lods,
    Movs,

    // Named so that an exit handler can check that the bytes are what the CPU says that it has intercepted.
    Cpuid,
    Rdmsr,
    Wrmsr,
    Rdtsc,
    Rdtscp,
    Rdpmc,
    Rdpru,
    Xsetbv,
    Hlt,
    Pause,
    Monitor,
    Mwait,
    Monitorx,
    Mwaitx,
    In,
    Out,
    Ins,
    Outs,
    Vmcall,
    Vmmcall,
    Vmrun,
    Vmload,
    Vmsave,
    Stgi,
    Clgi,
    Skinit,
    Invd,
    Wbinvd,
    Invlpg,
    Invlpga,
    Invlpgb,
    Tlbsync,
    Invpcid,
    MovFromCr,
    MovToCr,
    MovFromDr,
    MovToDr,
    Clts,
    Smsw,
    Lmsw,
    Sgdt,
    Sidt,
    Lgdt,
    Lidt,
    Sldt,
    Str,
    Lldt,
    Ltr,
    Int,
    Int1,
    Int3,
    Into,
    Iret,
    Pushf,
    Popf,
    Rsm,
};

// How the operands of an emulated operation lie. "rm" is the operand that ModRM.mod and ModRM.rm name, or the memory
// that the opcode implies (moffs, string instructions).
enum class Form : std::uint8_t {
    None,
    RmReg, // rm is the destination (or is compared), reg the source
    RegRm, // reg is the destination (or is compared), rm the source
    RmImm, // rm with the immediate
    Rm,    // rm alone
    RmRm,  // MOVS: memory at [segment:rSI] to memory at [ES:rDI]
};

struct Instruction {
    static constexpr std::uint8_t kNoRegister = 16;
    static constexpr std::uint8_t kRip = 17;

    enum Trait : std::uint8_t {
        kMemory = 1 << 0,   // rm is in memory; otherwise it is the general register `base`
        kLock = 1 << 1,     // LOCK
        kRep = 1 << 2,      // F3
        kRepne = 1 << 3,    // F2
        kHighByte = 1 << 4, // `reg` stands for AH, CH, DH or BH: bits 15 to 8 of registers 0 to 3
        kBits64 = 1 << 5,   // decoded as 64-bit code
    };

    std::int64_t displacement = 0; // or the whole moffs address
    std::int32_t immediate = 0;    // sign-extended; also the port of IN and OUT
    Operation operation = Operation::Other;
    Form form = Form::None;
    SegmentRegister segment = SegmentRegister::Ds; // of the memory operand, override applied
    std::uint8_t length = 0;
    std::uint8_t width = 0;          // bytes of rm: 1, 2, 4, 8; 0 where the size is no general register's
    std::uint8_t register_width = 0; // bytes of reg; differs from `width` for MOVZX and MOVSX only
    std::uint8_t reg = kNoRegister;  // general register, or the number of a control or debug register
    std::uint8_t base = kNoRegister; // general register or kRip
    std::uint8_t index = kNoRegister;
    std::uint8_t shift = 0; // the index counts 1 << shift
    std::uint8_t address_width = 0;
    std::uint8_t traits = 0;

    constexpr bool has(Trait trait) const { return traits & trait; }
    constexpr bool operator==(const Instruction &) const = default;
};
static_assert(sizeof(Instruction) == 24 && std::is_trivially_copyable_v<Instruction>);

// True for what emulation can do on a device page: a plain access to memory through general registers.
constexpr bool is_data_access(const Instruction &instruction) {
    return instruction.has(Instruction::kMemory) && instruction.operation >= Operation::Add &&
           instruction.operation <= Operation::Movs;
}

constexpr bool is_string(Operation operation) {
    return operation >= Operation::Stos && operation <= Operation::Movs;
}

// Whether the memory operand rm is loaded. MOVS loads at rSI and stores at rDI.
constexpr bool reads_memory(const Instruction &instruction) {
    const bool store = instruction.operation == Operation::Mov || instruction.operation == Operation::Movbe;
    return is_data_access(instruction) && instruction.operation != Operation::Stos &&
           !(store && instruction.form != Form::RegRm);
}

// Whether memory is stored to. CMPXCHG always stores, be it the old value (APM vol. 3, CMPXCHG).
constexpr bool writes_memory(const Instruction &instruction) {
    switch (instruction.operation) {
    case Operation::Cmp:
    case Operation::Test:
    case Operation::Bt:
    case Operation::Lods:
        return false;
    default:
        return is_data_access(instruction) && instruction.form != Form::RegRm;
    }
}

} // namespace vmm

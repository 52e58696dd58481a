// SPDX-License-Identifier: GPL-2.0-only
// The one-byte map and the map of 0F (AMD APM vol. 3, A.1 "Opcode maps"; Intel SDM vol. 2, A.3).
#pragma once

#include "vmm/decode/opcode.hpp"

namespace vmm::opcodes {

consteval Opcode group(Group number) {
    return {.group = number, .traits = kModRm};
}

consteval void fill_arithmetic(OpcodeMap &map) {
    for (unsigned i = 0; i < 8; ++i) {
        const auto operation = static_cast<Operation>(static_cast<unsigned>(Operation::Add) + i);
        const std::uint16_t lockable = operation == Operation::Cmp ? 0 : kLockable;
        const auto traits = static_cast<std::uint16_t>(kModRm | lockable);
        map.pair(i * 8, {.operation = operation, .form = Form::RmReg, .traits = traits});
        map.pair(i * 8 + 2, {.operation = operation, .form = Form::RegRm, .traits = kModRm});
        map.pair(i * 8 + 4, {.immediate = Immediate::Operand});
        map.set(i * 8 + 6, i * 8 + 7, {.traits = kNot64}); // PUSH and POP of segments, DAA, ...
    }
    for (unsigned prefix : {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3})
        map.set(prefix, {.traits = kPrefix});
    map.set(0x40, 0x4f, {.traits = kRex});
    map.set(0x0f, {.traits = kEscape});
}

consteval void fill_moves(OpcodeMap &map) {
    map.set(0x63, {.operation = Operation::Movsx,
                   .form = Form::RegRm,
                   .special = Special::Movsxd,
                   .width = 4,
                   .traits = kModRm | kExtends});
    map.pair(0x84, {.operation = Operation::Test, .form = Form::RmReg, .traits = kModRm});
    map.pair(0x86, {.operation = Operation::Xchg, .form = Form::RmReg, .traits = kModRm | kLockable});
    map.pair(0x88, {.operation = Operation::Mov, .form = Form::RmReg, .traits = kModRm});
    map.pair(0x8a, {.operation = Operation::Mov, .form = Form::RegRm, .traits = kModRm});
    map.set(0x8c, {.special = Special::SegmentStore, .traits = kModRm});
    map.set(0x8d, {.traits = kModRm | kMemoryOnly}); // LEA
    map.set(0x8e, {.special = Special::SegmentLoad, .traits = kModRm});
    map.pair(0xa0, {.operation = Operation::Mov, .form = Form::RegRm, .immediate = Immediate::Moffs});
    map.pair(0xa2, {.operation = Operation::Mov, .form = Form::RmReg, .immediate = Immediate::Moffs});
    map.pair(0xa4, {.operation = Operation::Movs, .form = Form::RmRm, .traits = kString});
    map.set(0xa6, 0xa7, {}); // CMPS
    map.pair(0xa8, {.immediate = Immediate::Operand});
    map.pair(0xaa, {.operation = Operation::Stos, .form = Form::RmReg, .traits = kString});
    map.pair(0xac, {.operation = Operation::Lods, .form = Form::RegRm, .traits = kString});
    map.set(0xae, 0xaf, {}); // SCAS
    map.set(0xb0, 0xb7, {.immediate = Immediate::Byte});
    map.set(0xb8, 0xbf, {.immediate = Immediate::Full});
    map.set(0xc6, group(Group::OpC6));
    map.set(0xc7, group(Group::OpC7));
}

consteval void fill_others(OpcodeMap &map) {
    map.set(0x50, 0x5f, {});
    map.set(0x60, 0x61, {.traits = kNot64});
    map.set(0x68, {.immediate = Immediate::Operand});
    map.set(0x69, {.immediate = Immediate::Operand, .traits = kModRm});
    map.set(0x6a, {.immediate = Immediate::Byte});
    map.set(0x6b, {.immediate = Immediate::Byte, .traits = kModRm});
    map.pair(0x6c, {.operation = Operation::Ins, .special = Special::Port, .traits = kString});
    map.pair(0x6e, {.operation = Operation::Outs, .special = Special::Port, .traits = kString});
    map.set(0x70, 0x7f, {.immediate = Immediate::Byte});
    map.set(0x80, group(Group::Op80));
    map.set(0x81, group(Group::Op81));
    map.set(0x82, {.group = Group::Op80, .traits = kModRm | kNot64});
    map.set(0x83, group(Group::Op83));
    map.set(0x90, {.special = Special::Pause});
    map.set(0x91, 0x99, {});
    map.set(0x9b, 0x9f, {});
    map.set(0x9c, {.operation = Operation::Pushf});
    map.set(0x9d, {.operation = Operation::Popf});
    map.pair(0xc0, {.immediate = Immediate::Byte, .traits = kModRm});
    map.set(0xc9, {});
    map.set(0xc8, {.immediate = Immediate::Enter});
    map.pair(0xd0, {.traits = kModRm});
    map.pair(0xd2, {.traits = kModRm});
    map.set(0xd4, 0xd5, {.immediate = Immediate::Byte, .traits = kNot64});
    map.set(0xd6, {.traits = kNot64}); // SALC
    map.set(0xd7, {});
    map.set(0xd8, 0xdf, {.traits = kModRm}); // x87
    map.pair(0xe4, {.operation = Operation::In, .immediate = Immediate::Byte, .special = Special::Port});
    map.pair(0xe6, {.operation = Operation::Out, .immediate = Immediate::Byte, .special = Special::Port});
    map.pair(0xec, {.operation = Operation::In, .special = Special::Port});
    map.pair(0xee, {.operation = Operation::Out, .special = Special::Port});
    map.set(0xf4, {.operation = Operation::Hlt});
    map.set(0xf5, {});
    map.set(0xf6, group(Group::OpF6));
    map.set(0xf7, group(Group::OpF7));
    map.set(0xf8, 0xfd, {});
    map.set(0xfe, group(Group::OpFe));
    map.set(0xff, group(Group::OpFf));
}

consteval void fill_branches(OpcodeMap &map) {
    map.set(0x62, {.traits = kVector | kModRm | kMemoryOnly | kNot64}); // BOUND, EVEX
    map.set(0x8f, {.group = Group::Op8f, .traits = kVector | kModRm});
    map.set(0x9a, {.immediate = Immediate::Far, .traits = kNot64});
    map.set(0xc2, {.immediate = Immediate::Word});
    map.set(0xc3, {});
    map.set(0xc4, 0xc5, {.traits = kVector | kModRm | kMemoryOnly | kNot64}); // LES, LDS, VEX
    map.set(0xca, {.immediate = Immediate::Word});
    map.set(0xcb, {});
    map.set(0xcc, {.operation = Operation::Int3});
    map.set(0xcd, {.operation = Operation::Int, .immediate = Immediate::Byte});
    map.set(0xce, {.operation = Operation::Into, .traits = kNot64});
    map.set(0xcf, {.operation = Operation::Iret});
    map.set(0xe0, 0xe3, {.immediate = Immediate::Byte});
    map.set(0xe8, 0xe9, {.immediate = Immediate::Near});
    map.set(0xea, {.immediate = Immediate::Far, .traits = kNot64});
    map.set(0xeb, {.immediate = Immediate::Byte});
    map.set(0xf1, {.operation = Operation::Int1});
}

consteval OpcodeMap one_byte_map() {
    OpcodeMap map{};
    fill_arithmetic(map);
    fill_moves(map);
    fill_others(map);
    fill_branches(map);
    return map;
}

consteval void fill_system(OpcodeMap &map) {
    map.set(0x00, group(Group::Op0f00));
    map.set(0x01, group(Group::Op0f01));
    map.set(0x05, {});
    map.set(0x06, {.operation = Operation::Clts});
    map.set(0x07, {});
    map.set(0x08, {.operation = Operation::Invd});
    map.set(0x09, {.operation = Operation::Wbinvd}); // with F3 WBNOINVD, which is intercepted alike
    map.set(0x0b, {});
    map.set(0x0e, {}); // FEMMS
    map.set(0x20, {.operation = Operation::MovFromCr,
                   .form = Form::RmReg,
                   .group = Group::AnyMod,
                   .special = Special::Control,
                   .traits = kModRm});
    map.set(0x21, {.operation = Operation::MovFromDr,
                   .form = Form::RmReg,
                   .group = Group::AnyMod,
                   .special = Special::Debug,
                   .traits = kModRm});
    map.set(0x22, {.operation = Operation::MovToCr,
                   .form = Form::RegRm,
                   .group = Group::AnyMod,
                   .special = Special::Control,
                   .traits = kModRm});
    map.set(0x23, {.operation = Operation::MovToDr,
                   .form = Form::RegRm,
                   .group = Group::AnyMod,
                   .special = Special::Debug,
                   .traits = kModRm});
    map.set(0x30, {.operation = Operation::Wrmsr});
    map.set(0x31, {.operation = Operation::Rdtsc});
    map.set(0x32, {.operation = Operation::Rdmsr});
    map.set(0x33, {.operation = Operation::Rdpmc});
    map.set(0x34, 0x35, {});
    map.set(0x37, {});
    map.set(0xa2, {.operation = Operation::Cpuid});
    map.set(0xaa, {.operation = Operation::Rsm});
}

consteval void fill_bits(OpcodeMap &map) {
    constexpr auto kRmw = static_cast<std::uint16_t>(kModRm | kLockable);
    map.set(0xa3, {.operation = Operation::Bt, .form = Form::RmReg, .traits = kModRm});
    map.set(0xab, {.operation = Operation::Bts, .form = Form::RmReg, .traits = kRmw});
    map.set(0xb3, {.operation = Operation::Btr, .form = Form::RmReg, .traits = kRmw});
    map.set(0xbb, {.operation = Operation::Btc, .form = Form::RmReg, .traits = kRmw});
    map.set(0xba, group(Group::Op0fba));
    map.pair(0xb0, {.operation = Operation::Cmpxchg, .form = Form::RmReg, .traits = kRmw});
    map.pair(0xc0, {.operation = Operation::Xadd, .form = Form::RmReg, .traits = kRmw});
    map.set(0xc3, // MOVNTI
            {.operation = Operation::Mov,
             .form = Form::RmReg,
             .special = Special::Movnti,
             .traits = kModRm | kMemoryOnly | kPlain});
    map.set(0xc7, group(Group::Op0fc7));
    for (unsigned sign : {0, 8}) {
        const Operation operation = sign ? Operation::Movsx : Operation::Movzx;
        map.set(0xb6 + sign, {.operation = operation, .form = Form::RegRm, .width = 1, .traits = kModRm | kExtends});
        map.set(0xb7 + sign, {.operation = operation, .form = Form::RegRm, .width = 2, .traits = kModRm | kExtends});
    }
}

// Rows not set below are SSE, MMX, CMOVcc, SETcc and the like: ModRM and no immediate.
consteval OpcodeMap two_byte_map() {
    OpcodeMap map{};
    map.set(0x00, 0xff, {.traits = kModRm});
    for (unsigned undefined :
         {0x04, 0x0a, 0x0c, 0x24, 0x25, 0x26, 0x27, 0x36, 0x39, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x7a, 0x7b})
        map.set(undefined, kUndefinedOpcode);
    for (unsigned bytes : {0x0f, 0x70, 0xa4, 0xac, 0xc2, 0xc4, 0xc5, 0xc6}) // 0F 0F is 3DNow!
        map.set(bytes, {.immediate = Immediate::Byte, .traits = kModRm});
    map.set(0x71, 0x73, {.immediate = Immediate::Byte, .traits = kModRm | kRegisterOnly});
    map.set(0x77, {}); // EMMS
    map.set(0x78, {.special = Special::Extract, .traits = kModRm});
    map.set(0x80, 0x8f, {.immediate = Immediate::Near});
    map.set(0xa0, 0xa1, {});
    map.set(0xa6, 0xa7, {.traits = kModRm | kRegisterOnly}); // PadLock
    map.set(0xa8, 0xa9, {});
    for (unsigned far_pointer : {0xb2, 0xb4, 0xb5})
        map.set(far_pointer, {.traits = kModRm | kMemoryOnly});
    map.set(0xb8, {.special = Special::Popcnt, .traits = kModRm});
    map.set(0xc8, 0xcf, {});
    fill_system(map);
    fill_bits(map);
    return map;
}

inline constexpr OpcodeMap kOneByteMap = one_byte_map();
inline constexpr OpcodeMap kTwoByteMap = two_byte_map();

// The maps of 0F 38 and 0F 3A have one format each, so that later instructions need no row here.
inline constexpr Opcode kMap38{.traits = kModRm};
inline constexpr Opcode kMap3a{.immediate = Immediate::Byte, .traits = kModRm};
inline constexpr Opcode kInvpcid{.operation = Operation::Invpcid, .traits = kModRm | kMemoryOnly};
inline constexpr Opcode kMovbeLoad{.operation = Operation::Movbe, .form = Form::RegRm, .traits = kModRm | kMemoryOnly};
inline constexpr Opcode kMovbeStore{.operation = Operation::Movbe, .form = Form::RmReg, .traits = kModRm | kMemoryOnly};

} // namespace vmm::opcodes

// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/decode/decode.hpp"

#include "zydis_oracle.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace vmm::test {
namespace {

constexpr auto kNone = Instruction::kNoRegister;
constexpr auto kRip = Instruction::kRip;
constexpr std::uint8_t kMemory64 = Instruction::kMemory | Instruction::kBits64;
enum : std::uint8_t { Ax, Cx, Dx, Bx, Sp, Bp, Si, Di, R8, R9, R12 = 12, R13 };

struct Case {
    const char *text; // as an assembler would write it
    CodeSize code;
    std::vector<std::uint8_t> bytes;
    Instruction expected;
};

void PrintTo(const Case &c, std::ostream *out) {
    *out << c.text << " = " << to_hex(c.bytes);
}

class DecodesOperands : public testing::TestWithParam<Case> {};

TEST_P(DecodesOperands, Exactly) {
    const auto &[text, code, bytes, expected] = GetParam();
    const auto decoded = decode_data_access(bytes, code);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(decoded->displacement, expected.displacement);
    EXPECT_EQ(decoded->immediate, expected.immediate);
    EXPECT_EQ(decoded->operation, expected.operation);
    EXPECT_EQ(decoded->form, expected.form);
    EXPECT_EQ(decoded->segment, expected.segment);
    EXPECT_EQ(decoded->length, bytes.size());
    EXPECT_EQ(decoded->width, expected.width);
    EXPECT_EQ(decoded->register_width, expected.register_width);
    EXPECT_EQ(decoded->reg, expected.reg);
    EXPECT_EQ(decoded->base, expected.base);
    EXPECT_EQ(decoded->index, expected.index);
    EXPECT_EQ(decoded->shift, expected.shift);
    EXPECT_EQ(decoded->address_width, expected.address_width);
    EXPECT_EQ(decoded->traits, expected.traits);
    EXPECT_EQ(disagreement(bytes, code), "");
}

// Field order: displacement, immediate, operation, form, segment, length, width, register_width, reg, base, index,
// shift, address_width, traits. The length is checked against the bytes.
INSTANTIATE_TEST_SUITE_P(
    Decode, DecodesOperands,
    testing::Values(
        Case{"mov %esi, -0xa03000(%rdi)",
             CodeSize::Bits64,
             {0x89, 0xb7, 0x00, 0xd0, 0x5f, 0xff},
             {-0xa03000, 0, Operation::Mov, Form::RmReg, SegmentRegister::Ds, 0, 4, 4, Si, Di, kNone, 0, 8, kMemory64}},
        Case{"mov 0xffffffffff5fd300, %eax",
             CodeSize::Bits64,
             {0x8b, 0x04, 0x25, 0x00, 0xd3, 0x5f, 0xff},
             {-0xa02d00, 0, Operation::Mov, Form::RegRm, SegmentRegister::Ds, 0, 4, 4, Ax, kNone, kNone, 0, 8,
              kMemory64}},
        Case{
            "movl $0, 0xb0(%rip)",
            CodeSize::Bits64,
            {0xc7, 0x05, 0xb0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff},
            {0xb0, -2, Operation::Mov, Form::RmImm, SegmentRegister::Ds, 0, 4, 0, kNone, kRip, kNone, 0, 8, kMemory64}},
        Case{"mov %rax, %gs:8(%rsp,%r12,4)",
             CodeSize::Bits64,
             {0x65, 0x4a, 0x89, 0x44, 0xa4, 0x08},
             {8, 0, Operation::Mov, Form::RmReg, SegmentRegister::Gs, 0, 8, 8, Ax, Sp, R12, 2, 8, kMemory64}},
        Case{"mov %ah, (%rcx)",
             CodeSize::Bits64,
             {0x88, 0x21},
             {0, 0, Operation::Mov, Form::RmReg, SegmentRegister::Ds, 0, 1, 1, Ax, Cx, kNone, 0, 8,
              kMemory64 | Instruction::kHighByte}},
        Case{"mov %spl, (%rcx)",
             CodeSize::Bits64,
             {0x40, 0x88, 0x21},
             {0, 0, Operation::Mov, Form::RmReg, SegmentRegister::Ds, 0, 1, 1, Sp, Cx, kNone, 0, 8, kMemory64}},
        Case{"mov (%r13), %r9w",
             CodeSize::Bits64,
             {0x66, 0x45, 0x8b, 0x4d, 0x00},
             {0, 0, Operation::Mov, Form::RegRm, SegmentRegister::Ds, 0, 2, 2, R9, R13, kNone, 0, 8, kMemory64}},
        Case{"mov %ax, 0x1122334455667788",
             CodeSize::Bits64,
             {0x66, 0xa3, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11},
             {0x1122334455667788, 0, Operation::Mov, Form::RmReg, SegmentRegister::Ds, 0, 2, 2, Ax, kNone, kNone, 0, 8,
              kMemory64}},
        Case{"addr32 mov 0xfee00020, %eax",
             CodeSize::Bits64,
             {0x67, 0xa1, 0x20, 0x00, 0xe0, 0xfe},
             {0xfee00020, 0, Operation::Mov, Form::RegRm, SegmentRegister::Ds, 0, 4, 4, Ax, kNone, kNone, 0, 4,
              kMemory64}},
        Case{"movzbl 3(%rax), %edx",
             CodeSize::Bits64,
             {0x0f, 0xb6, 0x50, 0x03},
             {3, 0, Operation::Movzx, Form::RegRm, SegmentRegister::Ds, 0, 1, 4, Dx, Ax, kNone, 0, 8, kMemory64}},
        Case{"movzbl (%rax), %esi is no high byte",
             CodeSize::Bits64,
             {0x0f, 0xb6, 0x30},
             {0, 0, Operation::Movzx, Form::RegRm, SegmentRegister::Ds, 0, 1, 4, Si, Ax, kNone, 0, 8, kMemory64}},
        Case{"movslq (%rbp), %r8",
             CodeSize::Bits64,
             {0x4c, 0x63, 0x45, 0x00},
             {0, 0, Operation::Movsx, Form::RegRm, SegmentRegister::Ss, 0, 4, 8, R8, Bp, kNone, 0, 8, kMemory64}},
        Case{"movbe %ecx, (%rdi)",
             CodeSize::Bits64,
             {0x0f, 0x38, 0xf1, 0x0f},
             {0, 0, Operation::Movbe, Form::RmReg, SegmentRegister::Ds, 0, 4, 4, Cx, Di, kNone, 0, 8, kMemory64}},
        Case{"lock addl $-1, (%rax)",
             CodeSize::Bits64,
             {0xf0, 0x83, 0x00, 0xff},
             {0, -1, Operation::Add, Form::RmImm, SegmentRegister::Ds, 0, 4, 0, kNone, Ax, kNone, 0, 8,
              kMemory64 | Instruction::kLock}},
        Case{"andq $0x7fffffff, (%rbx)",
             CodeSize::Bits64,
             {0x48, 0x81, 0x23, 0xff, 0xff, 0xff, 0x7f},
             {0, 0x7fffffff, Operation::And, Form::RmImm, SegmentRegister::Ds, 0, 8, 0, kNone, Bx, kNone, 0, 8,
              kMemory64}},
        Case{"cmp (%rdx), %ecx",
             CodeSize::Bits64,
             {0x3b, 0x0a},
             {0, 0, Operation::Cmp, Form::RegRm, SegmentRegister::Ds, 0, 4, 4, Cx, Dx, kNone, 0, 8, kMemory64}},
        Case{"testb $0x10, 0x10(%rdx)",
             CodeSize::Bits64,
             {0xf6, 0x42, 0x10, 0x10},
             {0x10, 0x10, Operation::Test, Form::RmImm, SegmentRegister::Ds, 0, 1, 0, kNone, Dx, kNone, 0, 8,
              kMemory64}},
        Case{"lock btsl $5, (%rdi)",
             CodeSize::Bits64,
             {0xf0, 0x0f, 0xba, 0x2f, 0x05},
             {0, 5, Operation::Bts, Form::RmImm, SegmentRegister::Ds, 0, 4, 0, kNone, Di, kNone, 0, 8,
              kMemory64 | Instruction::kLock}},
        Case{"lock cmpxchg %rcx, (%rdi)",
             CodeSize::Bits64,
             {0xf0, 0x48, 0x0f, 0xb1, 0x0f},
             {0, 0, Operation::Cmpxchg, Form::RmReg, SegmentRegister::Ds, 0, 8, 8, Cx, Di, kNone, 0, 8,
              kMemory64 | Instruction::kLock}},
        Case{"notl (%r12)",
             CodeSize::Bits64,
             {0x41, 0xf7, 0x14, 0x24},
             {0, 0, Operation::Not, Form::Rm, SegmentRegister::Ds, 0, 4, 0, kNone, R12, kNone, 0, 8, kMemory64}},
        Case{"rep stos %eax, %es:(%rdi)",
             CodeSize::Bits64,
             {0xf3, 0xab},
             {0, 0, Operation::Stos, Form::RmReg, SegmentRegister::Es, 0, 4, 4, Ax, Di, kNone, 0, 8,
              kMemory64 | Instruction::kRep}},
        Case{"fs stosb keeps ES",
             CodeSize::Bits64,
             {0x64, 0xaa},
             {0, 0, Operation::Stos, Form::RmReg, SegmentRegister::Es, 0, 1, 1, Ax, Di, kNone, 0, 8, kMemory64}},
        Case{"lods %fs:(%rsi), %rax",
             CodeSize::Bits64,
             {0x64, 0x48, 0xad},
             {0, 0, Operation::Lods, Form::RegRm, SegmentRegister::Fs, 0, 8, 8, Ax, Si, kNone, 0, 8, kMemory64}},
        Case{"movsw",
             CodeSize::Bits64,
             {0x66, 0xa5},
             {0, 0, Operation::Movs, Form::RmRm, SegmentRegister::Ds, 0, 2, 0, kNone, Si, kNone, 0, 8, kMemory64}},
        Case{"mov %eax, %es:0x20(%bp,%di)",
             CodeSize::Bits16,
             {0x26, 0x66, 0x89, 0x43, 0x20},
             {0x20, 0, Operation::Mov, Form::RmReg, SegmentRegister::Es, 0, 4, 4, Ax, Bp, Di, 0, 2,
              Instruction::kMemory}},
        Case{"mov %al, -2(%bp)",
             CodeSize::Bits16,
             {0x88, 0x46, 0xfe},
             {-2, 0, Operation::Mov, Form::RmReg, SegmentRegister::Ss, 0, 1, 1, Ax, Bp, kNone, 0, 2,
              Instruction::kMemory}},
        Case{"movw $-1, 0x1234",
             CodeSize::Bits16,
             {0xc7, 0x06, 0x34, 0x12, 0xff, 0xff},
             {0x1234, -1, Operation::Mov, Form::RmImm, SegmentRegister::Ds, 0, 2, 0, kNone, kNone, kNone, 0, 2,
              Instruction::kMemory}},
        Case{"mov 0xfee00020, %eax",
             CodeSize::Bits32,
             {0x8b, 0x05, 0x20, 0x00, 0xe0, 0xfe},
             {-0x11fffe0, 0, Operation::Mov, Form::RegRm, SegmentRegister::Ds, 0, 4, 4, Ax, kNone, kNone, 0, 4,
              Instruction::kMemory}},
        Case{"xchg %ecx, %cs:(%esi,%eiz,8)",
             CodeSize::Bits32,
             {0x2e, 0x87, 0x0c, 0xe6},
             {0, 0, Operation::Xchg, Form::RmReg, SegmentRegister::Cs, 0, 4, 4, Cx, Si, kNone, 0, 4,
              Instruction::kMemory}}));

} // namespace
} // namespace vmm::test

// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/decode/decode.hpp"

#include "vmm/decode/decoder.hpp"
#include "zydis_oracle.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vmm::test {
namespace {

struct Named {
    Operation operation;
    std::vector<std::uint8_t> bytes;
};

TEST(Decode, NamesWhatExits) {
    const std::vector<Named> kCases{
        {Operation::Cpuid, {0x0f, 0xa2}},
        {Operation::Rdmsr, {0x0f, 0x32}},
        {Operation::Wrmsr, {0x0f, 0x30}},
        {Operation::Rdtsc, {0x0f, 0x31}},
        {Operation::Rdtscp, {0x0f, 0x01, 0xf9}},
        {Operation::Rdpmc, {0x0f, 0x33}},
        {Operation::Rdpru, {0x0f, 0x01, 0xfd}},
        {Operation::Xsetbv, {0x0f, 0x01, 0xd1}},
        {Operation::Hlt, {0xf4}},
        {Operation::Pause, {0xf3, 0x90}},
        {Operation::Other, {0x90}},
        {Operation::Other, {0xf3, 0x41, 0x90}}, // XCHG with R8
        {Operation::Monitor, {0x0f, 0x01, 0xc8}},
        {Operation::Mwait, {0x0f, 0x01, 0xc9}},
        {Operation::Monitorx, {0x0f, 0x01, 0xfa}},
        {Operation::Other, {0xf3, 0x0f, 0x01, 0xfa}}, // MCOMMIT
        {Operation::Mwaitx, {0x0f, 0x01, 0xfb}},
        {Operation::In, {0xe5, 0x80}},
        {Operation::Out, {0xee}},
        {Operation::Ins, {0xf3, 0x6d}},
        {Operation::Outs, {0xf3, 0x66, 0x6f}},
        {Operation::Vmcall, {0x0f, 0x01, 0xc1}},
        {Operation::Vmmcall, {0x0f, 0x01, 0xd9}},
        {Operation::Vmmcall, {0xf3, 0x0f, 0x01, 0xd9}}, // VMGEXIT
        {Operation::Vmrun, {0x0f, 0x01, 0xd8}},
        {Operation::Vmload, {0x0f, 0x01, 0xda}},
        {Operation::Vmsave, {0x0f, 0x01, 0xdb}},
        {Operation::Stgi, {0x0f, 0x01, 0xdc}},
        {Operation::Clgi, {0x0f, 0x01, 0xdd}},
        {Operation::Skinit, {0x0f, 0x01, 0xde}},
        {Operation::Invlpga, {0x0f, 0x01, 0xdf}},
        {Operation::Invlpgb, {0x0f, 0x01, 0xfe}},
        {Operation::Tlbsync, {0x0f, 0x01, 0xff}},
        {Operation::Invd, {0x0f, 0x08}},
        {Operation::Wbinvd, {0x0f, 0x09}},
        {Operation::Wbinvd, {0xf3, 0x0f, 0x09}}, // WBNOINVD
        {Operation::Invlpg, {0x0f, 0x01, 0x38}},
        {Operation::Invpcid, {0x66, 0x0f, 0x38, 0x82, 0x07}},
        {Operation::MovFromCr, {0x0f, 0x20, 0xd8}},
        {Operation::MovToCr, {0x41, 0x0f, 0x22, 0xdc}},
        {Operation::MovFromDr, {0x0f, 0x21, 0xf8}},
        {Operation::MovToDr, {0x0f, 0x23, 0xf8}},
        {Operation::Clts, {0x0f, 0x06}},
        {Operation::Smsw, {0x0f, 0x01, 0xe0}},
        {Operation::Lmsw, {0x0f, 0x01, 0xf0}},
        {Operation::Sgdt, {0x0f, 0x01, 0x00}},
        {Operation::Sidt, {0x0f, 0x01, 0x08}},
        {Operation::Lgdt, {0x0f, 0x01, 0x10}},
        {Operation::Lidt, {0x0f, 0x01, 0x1c, 0x24}},
        {Operation::Sldt, {0x0f, 0x00, 0xc0}},
        {Operation::Str, {0x0f, 0x00, 0xc8}},
        {Operation::Lldt, {0x0f, 0x00, 0xd0}},
        {Operation::Ltr, {0x0f, 0x00, 0xd8}},
        {Operation::Int, {0xcd, 0x80}},
        {Operation::Int1, {0xf1}},
        {Operation::Int3, {0xcc}},
        {Operation::Iret, {0x48, 0xcf}},
        {Operation::Pushf, {0x9c}},
        {Operation::Popf, {0x9d}},
        {Operation::Rsm, {0x0f, 0xaa}},
    };
    for (const auto &[operation, bytes] : kCases) {
        const auto decoded = decode(bytes, CodeSize::Bits64);
        ASSERT_TRUE(decoded) << to_hex(bytes);
        EXPECT_EQ(decoded->operation, operation) << to_hex(bytes);
        EXPECT_EQ(decoded->length, bytes.size()) << to_hex(bytes);
        EXPECT_EQ(decode_data_access(bytes, CodeSize::Bits64).error(), Errc::Unsupported) << to_hex(bytes);
    }
}

TEST(Decode, ControlRegistersNameBothRegisters) {
    const std::vector<std::uint8_t> to_cr4{0x41, 0x0f, 0x22, 0xe4}; // mov %r12, %cr4
    const auto decoded = decode(to_cr4, CodeSize::Bits64);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->reg, 4);
    EXPECT_EQ(decoded->base, 12);
    EXPECT_EQ(decoded->width, 8);
    EXPECT_FALSE(decoded->has(Instruction::kMemory));
    const std::vector<std::uint8_t> cr8{0x44, 0x0f, 0x20, 0xc1}; // mov %cr8, %rcx
    EXPECT_EQ(decode(cr8, CodeSize::Bits64)->reg, 8);
    const std::vector<std::uint8_t> locked{0xf0, 0x0f, 0x20, 0xc1}; // AMD's CR8 outside 64-bit code
    EXPECT_EQ(decode(locked, CodeSize::Bits32)->reg, 8);
    const std::vector<std::uint8_t> mod_ignored{0x0f, 0x22, 0x1c}; // mov %rsp, %cr3, with mod = 0
    EXPECT_EQ(decode(mod_ignored, CodeSize::Bits64)->length, 3);
    EXPECT_EQ(decode(mod_ignored, CodeSize::Bits64)->base, 4);
}

TEST(Decode, MeasuresWhatItDoesNotEmulate) {
    const std::vector<std::vector<std::uint8_t>> kCases{
        {0x0f, 0x11, 0x40, 0x10},                                     // movups
        {0xc5, 0xf8, 0x77},                                           // vzeroupper
        {0xc4, 0xe3, 0x79, 0x14, 0x40, 0x01, 0x02},                   // vpextrb
        {0x62, 0xf1, 0x7c, 0x48, 0x11, 0x80, 0x00, 0x01, 0x00, 0x00}, // vmovups
        {0x62, 0xf3, 0x7d, 0x48, 0x25, 0xc0, 0xff},                   // vpternlogd
        {0x8f, 0xea, 0x78, 0x10, 0xc0, 0x04, 0x04, 0x00, 0x00},       // bextr (XOP)
        {0x49, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8},                         // movabs
        {0xc8, 0x10, 0x00, 0x01},                                     // enter
        {0x0f, 0x0f, 0x00, 0x9e},                                     // pfadd
        {0xf2, 0x0f, 0x78, 0xc1, 0x01, 0x02},                         // insertq
        {0x0f, 0xc7, 0x08},                                           // cmpxchg8b
        {0x8f, 0x00},                                                 // pop
        {0xff, 0x30},                                                 // push
        {0xd1, 0x20},                                                 // shl
    };
    for (const auto &bytes : kCases) {
        const auto decoded = decode(bytes, CodeSize::Bits64);
        ASSERT_TRUE(decoded) << to_hex(bytes);
        EXPECT_EQ(decoded->length, bytes.size()) << to_hex(bytes);
        EXPECT_EQ(decode_data_access(bytes, CodeSize::Bits64).error(), Errc::Unsupported) << to_hex(bytes);
        EXPECT_EQ(disagreement(bytes, CodeSize::Bits64), "") << to_hex(bytes);
    }
}

TEST(Decode, RegistersAreNoDataAccess) {
    const std::vector<std::uint8_t> bytes{0x89, 0xd8};
    EXPECT_EQ(decode(bytes, CodeSize::Bits64)->operation, Operation::Mov);
    EXPECT_EQ(decode_data_access(bytes, CodeSize::Bits64).error(), Errc::Unsupported);
}

TEST(Decode, RefusesWhatIsNone) {
    const std::vector<std::vector<std::uint8_t>> kCases{
        {0xf0, 0x89, 0x07},       // LOCK on a plain store
        {0xf0, 0x01, 0xc0},       // LOCK without memory
        {0xf0, 0x39, 0x07},       // LOCK on a compare
        {0x06},                   // push %es
        {0x62, 0xf1, 0x7c, 0x40}, // the rest of an EVEX instruction is missing, see below
        {0x0f, 0x0a},
        {0xc7, 0x48, 0x00},
        {0x0f, 0xba, 0x00, 0x00},
        {0x0f, 0x20, 0xc8},       // CR1
        {0x66, 0x0f, 0xc3, 0x07}, // MOVNTI with 66
        {0x0f, 0xc3, 0xc0},       // MOVNTI to a register
        {0x66, 0xc5, 0xf8, 0x77}, // VEX after 66
        {0x8e, 0xc8},             // mov to %cs
    };
    for (const auto &bytes : kCases) {
        const Errc expected = bytes[0] == 0x62 ? Errc::Truncated : Errc::Invalid;
        EXPECT_EQ(decode(bytes, CodeSize::Bits64).error(), expected) << to_hex(bytes);
    }
}

TEST(Decode, KnowsTheLongestInstruction) {
    std::vector<std::uint8_t> bytes(9, 0x2e); // with 15 bytes in all
    bytes.insert(bytes.end(), {0x89, 0xb7, 0x00, 0xd0, 0x5f, 0xff});
    EXPECT_EQ(decode(bytes, CodeSize::Bits64)->length, 15);
    bytes.insert(bytes.begin(), 0x2e);
    EXPECT_EQ(decode(bytes, CodeSize::Bits64).error(), Errc::Invalid);
    EXPECT_EQ(decode(std::vector<std::uint8_t>(14, 0x66), CodeSize::Bits64).error(), Errc::Truncated);
    EXPECT_EQ(decode(std::vector<std::uint8_t>(15, 0x66), CodeSize::Bits64).error(), Errc::Invalid);
    EXPECT_EQ(decode({}, CodeSize::Bits64).error(), Errc::Truncated);
}

TEST(Decode, LeavesBranchesOfDisputedLength) {
    const std::vector<std::uint8_t> call{0x66, 0xe8, 1, 2, 3, 4};
    EXPECT_EQ(decode(call, CodeSize::Bits64).error(), Errc::Unsupported);
    EXPECT_EQ(decode(call, CodeSize::Bits32)->length, 4);
}

// The decoder itself is constexpr: no undefined behaviour on these roads, says the compiler.
consteval Instruction decode_now(std::initializer_list<std::uint8_t> bytes, CodeSize code) {
    Instruction instruction = Decoder::blank();
    const auto done = Decoder(std::span(bytes.begin(), bytes.size()), code, instruction).run();
    return done ? instruction : Instruction{};
}
static_assert(decode_now({0x89, 0xb7, 0x00, 0xd0, 0x5f, 0xff}, CodeSize::Bits64).displacement == -0xa03000);
static_assert(decode_now({0xf0, 0x67, 0x83, 0x44, 0x8b, 0x10, 0x01}, CodeSize::Bits64).length == 7);
static_assert(decode_now({0x62, 0xf1, 0x7c, 0x48, 0x11, 0x00}, CodeSize::Bits64).length == 6);
static_assert(decode_now({0x0f, 0xa2}, CodeSize::Bits16).operation == Operation::Cpuid);
static_assert(decode_now({0xa1, 1, 2}, CodeSize::Bits16).displacement == 0x201);

} // namespace
} // namespace vmm::test

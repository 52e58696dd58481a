// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/decode/operand.hpp"

#include "native_cpu.hpp"
#include "vmm/decode/decode.hpp"
#include "zydis_oracle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

namespace vmm::test {
namespace {

constexpr std::array<std::uint64_t, 16> kRegisters{
    0x1111, 0x2222, 0x3333, 0x4444, 0x7ffe'0000'1000, 0x5555'0000'5555, 0x6666, 0x7777,
    0x8888, 0x9999, 0xaaaa, 0xbbbb, 0xcccc,           0xdddd,           0xeeee, 0xffff'ffff'ffff'ff00};

std::uint64_t address_of(const std::vector<std::uint8_t> &bytes, CodeSize code, std::uint64_t rip = 0x10000) {
    const auto instruction = decode(bytes, code);
    EXPECT_TRUE(instruction) << to_hex(bytes);
    return effective_address(*instruction, kRegisters, rip);
}

TEST(Operand, AddressesOf16BitCodeWrapAt64Kib) {
    EXPECT_EQ(address_of({0x8b, 0x40, 0xff}, CodeSize::Bits16), 0x4444 + 0x6666 - 1); // -1(%bx,%si)
    EXPECT_EQ(address_of({0x8b, 0x83, 0x00, 0x80}, CodeSize::Bits16), (0x5555 + 0x7777 + 0x8000) & 0xffff);
    EXPECT_EQ(address_of({0x8b, 0x06, 0xff, 0xff}, CodeSize::Bits16), 0xffff);
}

TEST(Operand, AddressesOf32BitsWrapAt4Gib) {
    EXPECT_EQ(address_of({0x8b, 0x87, 0x89, 0x88, 0xff, 0xff}, CodeSize::Bits32), 0x0U); // -0x7777(%edi)
    EXPECT_EQ(address_of({0x67, 0x41, 0x8b, 0x07}, CodeSize::Bits64), 0xffff'ff00U);     // (%r15d)
    EXPECT_EQ(address_of({0x67, 0x8b, 0x05, 0, 0, 0, 0x80}, CodeSize::Bits64, 0x1'8000'0000), 0x7U);
}

TEST(Operand, RipIsThatOfTheNextInstruction) {
    EXPECT_EQ(address_of({0x8b, 0x05, 0x10, 0, 0, 0}, CodeSize::Bits64), 0x10016U);
    EXPECT_EQ(address_of({0xc7, 0x05, 0x10, 0, 0, 0, 1, 2, 3, 4}, CodeSize::Bits64), 0x1001aU);
}

// The number of the bit is a signed one, and counts from the operand.
TEST(Operand, BitStringsReachBeyondTheOperand) {
    auto registers = kRegisters;
    const auto bt = decode(std::vector<std::uint8_t>{0x0f, 0xa3, 0x07}, CodeSize::Bits64); // bt %eax, (%rdi)
    registers[0] = 0xdead'0000'0000 + 100;
    EXPECT_EQ(effective_address(*bt, registers, 0), 0x7777U + 12);
    registers[0] = 0xffff'ffff; // -1
    EXPECT_EQ(effective_address(*bt, registers, 0), 0x7777U - 4);
    const auto wide = decode(std::vector<std::uint8_t>{0x48, 0x0f, 0xa3, 0x07}, CodeSize::Bits64);
    EXPECT_EQ(effective_address(*wide, registers, 0), 0x7777U + 0xffff'ffffU / 64 * 8);
    const auto immediate = decode(std::vector<std::uint8_t>{0x0f, 0xba, 0x27, 0xff}, CodeSize::Bits64);
    EXPECT_EQ(effective_address(*immediate, registers, 0), 0x7777U);
}

TEST(Operand, SegmentsMatterBySize) {
    const auto load = [](std::vector<std::uint8_t> bytes, CodeSize code) { return *decode(bytes, code); };
    const auto ds = load({0x8b, 0x00}, CodeSize::Bits64);
    EXPECT_EQ(linear_address(ds, 0xffff'8000'0000'0000, 0x1000), Gva(0xffff'8000'0000'0000));
    const auto es = load({0x26, 0x8b, 0x00}, CodeSize::Bits64);
    EXPECT_EQ(es.segment, SegmentRegister::Ds); // ignored
    const auto gs = load({0x65, 0x8b, 0x00}, CodeSize::Bits64);
    EXPECT_EQ(linear_address(gs, 0x20, 0xffff'8880'0000'0000), Gva(0xffff'8880'0000'0020));
    const auto flat = load({0x8b, 0x00}, CodeSize::Bits32);
    EXPECT_EQ(linear_address(flat, 0xffff'ffff, 0x11), Gva(0x10));
}

TEST(Operand, RegistersAreReadByTheirPart) {
    auto registers = kRegisters;
    registers[3] = 0x1122334455667788;
    const auto value = [&](std::vector<std::uint8_t> bytes) {
        return register_value(*decode(bytes, CodeSize::Bits64), registers);
    };
    EXPECT_EQ(value({0x88, 0x18}), 0x88U);
    EXPECT_EQ(value({0x88, 0x38}), 0x77U); // BH
    EXPECT_EQ(value({0x66, 0x89, 0x18}), 0x7788U);
    EXPECT_EQ(value({0x89, 0x18}), 0x55667788U);
    EXPECT_EQ(value({0x48, 0x89, 0x18}), 0x1122334455667788U);
}

static_assert(merge_register(0x1122334455667788, 0xaabbccddeeff, 1) == 0x11223344556677ff);
static_assert(merge_register(0x1122334455667788, 0xaabbccddeeff, 2) == 0x112233445566eeff);
static_assert(merge_register(0x1122334455667788, 0xaabbccddeeff, 4) == 0xccddeeff);
static_assert(sign_extend(0x80, 1) == 0xffffffffffffff80 && sign_extend(0x7f, 1) == 0x7f);
static_assert(sign_extend(0x8000000000000000, 8) == 0x8000000000000000);

// LEA computes what a load would use as its address: decode the load, execute LEA.
TEST(Operand, AgreesWithTheCpu) {
    NativeCpu cpu;
    std::mt19937_64 random(1);
    for (unsigned i = 0; i < 300'000; ++i) {
        CpuState before{.registers = {}, .flags = 0x202};
        std::ranges::generate(before.registers, random);
        std::array<std::uint8_t, 9> bytes{0x67};
        std::generate(bytes.begin() + 3, bytes.end(), [&] { return static_cast<std::uint8_t>(random()); });
        bytes[1] = static_cast<std::uint8_t>(0x48 | (random() & 7));
        bytes[2] = 0x8b;
        bytes[3] &= 0xbf;                                                       // mod 0 and 2
        bytes[3] ^= static_cast<std::uint8_t>(bytes[3] >> 1 & 0x40 & random()); // and 1
        const bool short_address = random() & 1;
        const auto load = std::span(bytes).subspan(short_address ? 0 : 1);
        const auto instruction = decode(load, CodeSize::Bits64);
        if (!instruction || !instruction->has(Instruction::kMemory))
            continue;
        const std::uint64_t expected = effective_address(*instruction, before.registers, cpu.instruction_address());
        bytes[2] = 0x8d;
        const CpuState after = cpu.run(load.first(instruction->length), before);
        ASSERT_EQ(after.registers[instruction->reg], expected) << to_hex(load);
    }
}

} // namespace
} // namespace vmm::test

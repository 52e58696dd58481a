// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/decode/execute.hpp"

#include "execute_fixture.hpp"
#include "vmm/decode/alu.hpp"
#include "vmm/decode/decode.hpp"
#include "zydis_oracle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

namespace vmm::test {
namespace {

// Flags that the manual calls undefined after an operation, and that we promise nothing about.
std::uint64_t undefined_flags(Operation operation) {
    switch (operation) {
    case Operation::And:
    case Operation::Or:
    case Operation::Xor:
    case Operation::Test:
        return alu::kAdjust;
    case Operation::Bt:
    case Operation::Bts:
    case Operation::Btr:
    case Operation::Btc:
        return alu::kStatus & ~(alu::kCarry | alu::kZero);
    default:
        return 0;
    }
}

// One memory instruction, on the CPU and by our hands, from the same state.
class ExecuteOne : public Execute {
  protected:
    void compare(const Bytes &bytes, CpuState before) {
        const auto instruction = decode_data_access(bytes, CodeSize::Bits64);
        ASSERT_TRUE(instruction) << to_hex(bytes);
        ASSERT_EQ(instruction->length, bytes.size()) << to_hex(bytes);
        const std::span memory = cpu_.memory();
        std::ranges::generate(memory.subspan(kMiddle - 512, 1024), random_);
        const std::uint64_t address = effective_address(*instruction, before.registers, cpu_.instruction_address());
        auto *operand = reinterpret_cast<std::uint8_t *>(address); // lies in `memory` by the choice of registers
        const std::uint64_t initial = random_() % 4 ? interesting() : before.registers[0];
        std::memcpy(operand, &initial, instruction->width);
        const Bytes memory_before(memory.begin(), memory.end());

        const CpuState theirs = cpu_.run(bytes, before);
        const Bytes memory_after(memory.begin(), memory.end());

        std::ranges::copy(memory_before, memory.begin());
        CpuState ours = before;
        const auto effect = execute(*instruction, load(operand, instruction->width), ours.registers, ours.flags);
        ASSERT_TRUE(effect);
        if (writes_memory(*instruction))
            std::memcpy(operand, &effect->memory, instruction->width);
        effect->commit(ours.registers, ours.flags);

        const std::uint64_t defined = ~undefined_flags(instruction->operation);
        EXPECT_EQ(ours.registers, theirs.registers) << to_hex(bytes);
        EXPECT_EQ(ours.flags & defined, theirs.flags & defined) << to_hex(bytes);
        EXPECT_TRUE(std::ranges::equal(memory, memory_after)) << to_hex(bytes);
    }

    // `opcode` with every kind of operand: widths, registers, high bytes, LOCK where it may be. `group` is ModRM.reg if
    // that is a part of the opcode.
    void vary(const Bytes &opcode, int group = -1) {
        unsigned compared = 0;
        for (unsigned i = 0; i < 1000 && !HasFailure(); ++i) {
            CpuState before = interesting_state();
            Bytes bytes;
            if (i % 3 == 0)
                bytes.push_back(0xf0);
            if (i & 1)
                bytes.push_back(0x66);
            const unsigned rex = i & 2 ? 0x40 | (random_() & 0xd) : 0; // W, R, B
            if (rex)
                bytes.push_back(static_cast<std::uint8_t>(rex));
            bytes.insert(bytes.end(), opcode.begin(), opcode.end());
            const unsigned reg = group < 0 ? random_() & 7 : static_cast<unsigned>(group);
            const unsigned pointer = rex & 1 ? 9 : 3; // R9 or RBX
            bytes.push_back(static_cast<std::uint8_t>(reg << 3 | (pointer & 7)));
            std::generate_n(std::back_inserter(bytes), 4, random_); // an immediate, perhaps
            const auto instruction = decode(bytes, CodeSize::Bits64);
            if (!instruction || !is_data_access(*instruction))
                continue; // LOCK where it may not be; MOVSXD with 66
            bytes.resize(instruction->length);
            limit_bit_number(*instruction, before);
            before.registers[pointer] = middle();
            if (instruction->reg == pointer && instruction->operation >= Operation::Bt)
                continue; // the bit number took the pointer's place
            compare(bytes, before);
            ++compared;
        }
        EXPECT_GT(compared, 300U);
    }

    // So that it stays within the memory that we have.
    void limit_bit_number(const Instruction &instruction, CpuState &state) {
        if (instruction.operation >= Operation::Bt && instruction.form == Form::RmReg)
            state.registers[instruction.reg] = random_() % 4000 - 2000;
    }
};

TEST_F(ExecuteOne, ArithmeticInAllForms) {
    for (std::uint8_t operation = 0; operation < 8; ++operation) {
        for (std::uint8_t form = 0; form < 4; ++form)
            vary({static_cast<std::uint8_t>(operation * 8 + form)});
        for (const std::uint8_t opcode : {0x80, 0x81, 0x83})
            vary({opcode}, operation);
    }
}

TEST_F(ExecuteOne, Test) {
    vary({0x84});
    vary({0x85});
    for (const int group : {0, 1}) {
        vary({0xf6}, group);
        vary({0xf7}, group);
    }
}

TEST_F(ExecuteOne, Moves) {
    for (const std::uint8_t opcode : {0x88, 0x89, 0x8a, 0x8b})
        vary({opcode});
    vary({0xc6}, 0);
    vary({0xc7}, 0);
    vary({0x63});
    for (const std::uint8_t opcode : {0xb6, 0xb7, 0xbe, 0xbf, 0xc3})
        vary({0x0f, opcode});
    vary({0x0f, 0x38, 0xf0});
    vary({0x0f, 0x38, 0xf1});
}

TEST_F(ExecuteOne, Unary) {
    for (const std::uint8_t opcode : {0xfe, 0xff})
        for (const int group : {0, 1})
            vary({opcode}, group);
    for (const std::uint8_t opcode : {0xf6, 0xf7})
        for (const int group : {2, 3})
            vary({opcode}, group);
}

TEST_F(ExecuteOne, Bits) {
    for (const std::uint8_t opcode : {0xa3, 0xab, 0xb3, 0xbb})
        vary({0x0f, opcode});
    for (const int group : {4, 5, 6, 7})
        vary({0x0f, 0xba}, group);
}

TEST_F(ExecuteOne, Exchanges) {
    vary({0x86});
    vary({0x87});
    for (const std::uint8_t opcode : {0xb0, 0xb1, 0xc0, 0xc1})
        vary({0x0f, opcode});
}

TEST_F(ExecuteOne, AbsoluteAddresses) {
    for (const std::uint8_t opcode : {0xa0, 0xa1, 0xa2, 0xa3}) {
        for (const Bytes &prefix : {Bytes{}, Bytes{0x66}, Bytes{0x48}, Bytes{0x4c}}) {
            Bytes bytes = prefix;
            bytes.push_back(opcode);
            const std::uint64_t address = middle();
            for (unsigned byte = 0; byte < 8; ++byte)
                bytes.push_back(static_cast<std::uint8_t>(address >> (8 * byte)));
            for (unsigned i = 0; i < 100; ++i)
                compare(bytes, interesting_state());
        }
    }
}

TEST(ExecuteRefuses, WhatIsNoDataAccess) {
    const CpuState state;
    for (const Bytes &bytes : {Bytes{0x89, 0xd8}, Bytes{0x0f, 0xa2}, Bytes{0x0f, 0x11, 0x00}, Bytes{0x0f, 0x01, 0x38}})
        EXPECT_EQ(execute(*decode(bytes, CodeSize::Bits64), 0, state.registers, 0).error(), Errc::Unsupported);
}

} // namespace
} // namespace vmm::test

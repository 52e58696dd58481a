// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/decode/execute.hpp"

#include "execute_fixture.hpp"
#include "vmm/decode/alu.hpp"
#include "vmm/decode/decode.hpp"
#include "zydis_oracle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace vmm::test {
namespace {

// All elements of a string instruction, ours one by one.
class ExecuteString : public Execute {
  protected:
    void compare(const Bytes &bytes, const CpuState &before) {
        const auto instruction = decode_data_access(bytes, CodeSize::Bits64);
        ASSERT_TRUE(instruction) << to_hex(bytes);
        const std::span memory = cpu_.memory();
        std::ranges::generate(memory, random_);
        const Bytes memory_before(memory.begin(), memory.end());
        const CpuState theirs = cpu_.run(bytes, before);
        const Bytes memory_after(memory.begin(), memory.end());
        std::ranges::copy(memory_before, memory.begin());

        CpuState ours = before;
        bool done = !StringStep::has_element(*instruction, ours.registers);
        while (!done) {
            step(*instruction, ours);
            done = StringStep::advance(*instruction, ours.registers, ours.flags);
        }
        EXPECT_EQ(ours.registers, theirs.registers) << to_hex(bytes);
        EXPECT_EQ(ours.flags, theirs.flags) << to_hex(bytes);
        EXPECT_TRUE(std::ranges::equal(memory, memory_after)) << to_hex(bytes);
    }

    static void step(const Instruction &instruction, CpuState &state) {
        auto *rm = reinterpret_cast<std::uint8_t *>(effective_address(instruction, state.registers, 0));
        const auto effect = execute(instruction, load(rm, instruction.width), state.registers, state.flags);
        ASSERT_TRUE(effect);
        if (instruction.operation == Operation::Movs)
            rm = reinterpret_cast<std::uint8_t *>(movs_destination(instruction, state.registers));
        if (writes_memory(instruction))
            std::memcpy(rm, &effect->memory, instruction.width);
        effect->commit(state.registers, state.flags);
    }
};

TEST_F(ExecuteString, AsTheCpu) {
    const std::vector<Bytes> kPrefixes{{},
                                       {0x66},
                                       {0x48},
                                       {0x67},
                                       {0xf3},
                                       {0xf3, 0x66},
                                       {0xf2},
                                       {0xf3, 0x48},
                                       {0xf3, 0x67},
                                       {0x67, 0x66},
                                       {0x67, 0xf2, 0x48}};
    for (const std::uint8_t opcode : {0xa4, 0xa5, 0xaa, 0xab, 0xac, 0xad}) {
        for (Bytes bytes : kPrefixes) {
            bytes.push_back(opcode);
            for (unsigned i = 0; i < 50 && !HasFailure(); ++i) {
                CpuState before = interesting_state();
                before.flags |= i & 1 ? alu::kDirection : 0;
                before.registers[1] = random_() % 20;
                before.registers[6] = middle() + random_() % 64;
                before.registers[7] = middle() + random_() % 64;
                compare(bytes, before);
            }
        }
    }
}

// With a 32-bit address size the upper halves neither count nor survive.
TEST_F(ExecuteString, ShortAddressesClearUpperHalves) {
    for (unsigned i = 0; i < 100; ++i) {
        CpuState before = interesting_state();
        before.registers[1] = (random_() << 32) + random_() % 20 + 1;
        before.registers[6] = (random_() << 32) + middle();
        before.registers[7] = (random_() << 32) + middle() + 1024;
        compare({0x67, 0xf3, 0xa5}, before);
        compare({0x67, 0xab}, before);
    }
}

} // namespace
} // namespace vmm::test

// SPDX-License-Identifier: GPL-2.0-only
// What the tests of `execute` share: a CPU to compare with, and states worth comparing.
#pragma once

#include "native_cpu.hpp"
#include "vmm/decode/alu.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <vector>

namespace vmm::test {

using Bytes = std::vector<std::uint8_t>;

inline std::uint64_t load(const std::uint8_t *at, unsigned width) {
    std::uint64_t value = 0;
    std::memcpy(&value, at, width);
    return value;
}

class Execute : public testing::Test {
  protected:
    static constexpr std::size_t kMiddle = 4096;

    // Values at which carries, signs and parities change, and others.
    std::uint64_t interesting() {
        constexpr std::array<std::uint64_t, 12> kEdges{0,      1,          0x7f,       0x80,       0xff,       0x7fff,
                                                       0x8000, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 63, ~0ull};
        switch (random_() % 4) {
        case 0:
            return kEdges[random_() % kEdges.size()];
        case 1:
            return kEdges[random_() % kEdges.size()] + random_() % 5 - 2;
        default:
            return random_();
        }
    }

    CpuState interesting_state() {
        CpuState state{.registers = {}, .flags = 0x202 | (random_() & alu::kStatus)};
        std::ranges::generate(state.registers, [this] { return interesting(); });
        return state;
    }

    std::uint64_t middle() const { return reinterpret_cast<std::uint64_t>(&cpu_.memory()[kMiddle]); }

    NativeCpu cpu_;
    std::mt19937_64 random_{7};
};

} // namespace vmm::test

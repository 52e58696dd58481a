// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/apic/lapic_differential.hpp"

#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace vmm::test {
namespace {

TEST(LapicDifferential, RandomSequencesAgree) {
    for (unsigned seed = 0; seed < 400; seed++) {
        std::mt19937 random(seed);
        std::vector<std::uint8_t> bytes(1500);
        for (std::uint8_t &byte : bytes)
            byte = static_cast<std::uint8_t>(random());
        bytes[0] = static_cast<std::uint8_t>(seed);
        ASSERT_EQ(compare_lapics(bytes), "") << "seed " << seed;
    }
}

} // namespace
} // namespace vmm::test

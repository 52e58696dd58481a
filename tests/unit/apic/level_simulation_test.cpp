// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/apic/level_simulation.hpp"

#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace vmm::test {
namespace {

TEST(LevelSimulation, NothingIsLostOrStuck) {
    for (unsigned seed = 0; seed < 4000; seed++) {
        std::mt19937 random(seed);
        std::vector<std::uint8_t> bytes(1 + 2 * (10 + seed % 300));
        for (std::uint8_t &byte : bytes)
            byte = static_cast<std::uint8_t>(random());
        bytes[0] = static_cast<std::uint8_t>(seed);
        ASSERT_EQ(simulate_levels(bytes), "") << "seed " << seed;
    }
}

} // namespace
} // namespace vmm::test

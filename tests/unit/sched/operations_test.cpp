// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/sched/operations.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace vmm::test {
namespace {

TEST(Operations, RandomSequencesKeepTheInvariants) {
    for (unsigned seed = 1; seed <= 3000; seed++) {
        std::mt19937 random(seed);
        std::vector<std::uint8_t> bytes(4000);
        for (std::uint8_t &byte : bytes)
            byte = static_cast<std::uint8_t>(random());
        ASSERT_EQ(Operations().run(bytes), "") << "seed " << seed;
    }
}

} // namespace
} // namespace vmm::test

// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/vector_set.hpp"

#include <bitset>
#include <gtest/gtest.h>
#include <random>

namespace vmm {
namespace {

TEST(VectorSet, HighestOfEachSingleMember) {
    EXPECT_EQ(VectorSet().highest(), 0);
    for (unsigned vector = 1; vector < 256; vector++) {
        VectorSet set;
        set.set(static_cast<std::uint8_t>(vector));
        EXPECT_EQ(set.highest(), vector);
        EXPECT_TRUE(set.test(static_cast<std::uint8_t>(vector)));
        set.reset(static_cast<std::uint8_t>(vector));
        EXPECT_EQ(set, VectorSet());
    }
}

TEST(VectorSet, SlicesAreTheRegistersOf32) {
    std::mt19937 random(1);
    for (int round = 0; round < 200; round++) {
        VectorSet set;
        std::bitset<256> reference;
        for (unsigned n = 0; n < 8; n++) {
            const auto bits = static_cast<std::uint32_t>(random());
            set.set_slice(n, bits);
            for (unsigned b = 0; b < 32; b++)
                reference[n * 32 + b] = bits >> b & 1;
        }
        for (unsigned vector = 0; vector < 256; vector++) {
            ASSERT_EQ(set.test(static_cast<std::uint8_t>(vector)), reference[vector]);
            ASSERT_EQ(set.slice(vector / 32) >> (vector % 32) & 1, reference[vector]);
        }
    }
}

} // namespace
} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
#include "vmnix/known_bits.h"

#include <gtest/gtest.h>

namespace vmnix_unit {
namespace {

std::uint64_t known(vmnix_word word) {
    std::uint64_t bits = 0;
    for (unsigned bit = 0; bit < 64; bit++)
        bits |= static_cast<std::uint64_t>(vmnix_bit_is_known(word, bit)) << bit;
    return bits;
}

// Written out a second time: a bit that becomes known must be meant to.
TEST(KnownBits, AreTheseAndNoOthers) {
    EXPECT_EQ(known(VMNIX_WORD_CR4), 0x00f73fffull);
    EXPECT_EQ(known(VMNIX_WORD_EFER), 0x00201d01ull);
    EXPECT_EQ(known(VMNIX_WORD_XCR0), 0x2ffull);
    EXPECT_EQ(known(VMNIX_WORD_XSS), 0x800ull);
}

TEST(KnownBits, EveryKnownBitHasAName) {
    for (unsigned word = 0; word < VMNIX_WORDS; word++)
        for (unsigned bit = 0; bit < 64; bit++)
            if (vmnix_bit_is_known(static_cast<vmnix_word>(word), bit)) {
                EXPECT_NE(vmnix_bit_name(static_cast<vmnix_word>(word), bit), nullptr) << word << " " << bit;
            }
}

TEST(KnownBits, NamesTheFeaturesThatWait) {
    EXPECT_STREQ(vmnix_bit_name(VMNIX_WORD_CR4, 24), "PKS");
    EXPECT_STREQ(vmnix_bit_name(VMNIX_WORD_CR4, 32), "FRED");
    EXPECT_STREQ(vmnix_bit_name(VMNIX_WORD_XCR0, 18), "AMX TILEDATA");
    EXPECT_STREQ(vmnix_bit_name(VMNIX_WORD_XSS, 12), "CET_S");
    EXPECT_EQ(vmnix_bit_name(VMNIX_WORD_CR4, 63), nullptr);
}

} // namespace
} // namespace vmnix_unit

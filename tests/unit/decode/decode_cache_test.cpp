// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/decode/decode_cache.hpp"

#include <gtest/gtest.h>

#include <set>

namespace vmm {
namespace {

constexpr std::uint64_t kRip = 0xffffffff81012345;

Instruction of_length(std::uint8_t length) {
    Instruction instruction;
    instruction.length = length;
    instruction.reg = 3;
    return instruction;
}

TEST(DecodeCache, EmptyHoldsNothing) {
    DecodeCache cache;
    for (std::uint64_t rip : {std::uint64_t{0}, kRip, ~std::uint64_t{1}})
        EXPECT_FALSE(cache.slot(rip).holds(rip, {0, 0}, CodeSize::Bits64));
}

// Every byte of the instruction counts, and none behind it.
TEST(DecodeCache, HitsAreVerifiedByteByByte) {
    for (std::uint8_t length = 1; length <= 15; length++) {
        DecodeCache cache;
        const DecodeCache::Bytes bytes{0x0807060504030201, 0x100f0e0d0c0b0a09};
        auto &slot = cache.slot(kRip);
        DecodeCache::fill(slot, kRip, bytes, CodeSize::Bits64, of_length(length));
        EXPECT_TRUE(slot.holds(kRip, bytes, CodeSize::Bits64));
        EXPECT_EQ(slot.instruction.reg, 3);
        for (unsigned byte = 0; byte < 16; byte++)
            for (unsigned bit = 0; bit < 8; bit++) {
                DecodeCache::Bytes changed = bytes;
                (byte < 8 ? changed.low : changed.high) ^= 1ull << (8 * (byte % 8) + bit);
                EXPECT_EQ(slot.holds(kRip, changed, CodeSize::Bits64), byte >= length) << byte << " of " << +length;
            }
    }
}

TEST(DecodeCache, HitsAreOfTheSameAddressAndCodeSize) {
    DecodeCache cache;
    auto &slot = cache.slot(kRip);
    DecodeCache::fill(slot, kRip, {1, 2}, CodeSize::Bits32, of_length(5));
    EXPECT_TRUE(slot.holds(kRip, {1, 2}, CodeSize::Bits32));
    EXPECT_FALSE(slot.holds(kRip, {1, 2}, CodeSize::Bits64));
    EXPECT_FALSE(slot.holds(kRip + 16, {1, 2}, CodeSize::Bits32));
}

// A kernel's few places must not share a slot only because they lie near one another.
TEST(DecodeCache, NeighboursSpread) {
    DecodeCache cache;
    std::set<const void *> slots;
    for (std::uint64_t i = 0; i < 64; i++)
        slots.insert(&cache.slot(kRip + 0x40 * i));
    EXPECT_GE(slots.size(), 12u);
    EXPECT_EQ(&cache.slot(kRip), &cache.slot(kRip));
}

} // namespace
} // namespace vmm

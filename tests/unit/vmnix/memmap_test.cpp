// SPDX-License-Identifier: GPL-2.0-only
#include "vmnix/memmap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace vmnix_unit {
namespace {

constexpr std::uint64_t kFourGib = 1ull << 32;

struct Piece {
    std::uint64_t base, end;
    std::uint32_t kind;
    bool operator==(const Piece &) const = default;
};

void PrintTo(const Piece &piece, std::ostream *out) {
    *out << std::hex << "{" << piece.base << ", " << piece.end << ", " << piece.kind << "}";
}

std::vector<Piece> build(std::vector<vmnix_range> ranges) {
    std::vector<vmnix_memory> memory(VMNIX_MAX_MEMORY);
    const int count =
        vmnix_memmap_build(ranges.data(), static_cast<std::uint32_t>(ranges.size()), memory.data(), VMNIX_MAX_MEMORY);
    std::vector<Piece> pieces;
    for (int i = 0; i < count; i++)
        pieces.push_back({memory[i].base, memory[i].base + memory[i].size, memory[i].kind});
    return pieces;
}

constexpr std::uint32_t kRam = VMNIX_MEMORY_RAM, kDevice = VMNIX_MEMORY_DEVICE;

TEST(Memmap, WhatIsNotRamBelowFourGibIsADevice) {
    EXPECT_THAT(build({}), testing::ElementsAre(Piece{0, kFourGib, kDevice}));
    EXPECT_THAT(build({{0x1000, 0x9f000, true}}),
                testing::ElementsAre(Piece{0, 0x1000, kDevice}, Piece{0x1000, 0x9f000, kRam},
                                     Piece{0x9f000, kFourGib, kDevice}));
}

TEST(Memmap, AboveFourGibOnlyWhatIsListed) {
    EXPECT_THAT(build({{kFourGib, 2 * kFourGib, true}, {8 * kFourGib, 9 * kFourGib, false}}),
                testing::ElementsAre(Piece{0, kFourGib, kDevice}, Piece{kFourGib, 2 * kFourGib, kRam},
                                     Piece{8 * kFourGib, 9 * kFourGib, kDevice}));
}

TEST(Memmap, RamWinsOverWhatLiesInside) {
    // "Kernel code" and the like are listed inside of RAM, reserved areas as well.
    EXPECT_THAT(build({{0x100000, 0x200000, true}, {0x140000, 0x150000, true}, {0x180000, 0x190000, false}}),
                testing::ElementsAre(Piece{0, 0x100000, kDevice}, Piece{0x100000, 0x200000, kRam},
                                     Piece{0x200000, kFourGib, kDevice}));
}

TEST(Memmap, ANeighbourContinuesTheRange) {
    EXPECT_THAT(build({{0x200000, 0x300000, true}, {0x100000, 0x200000, true}}),
                testing::Contains(Piece{0x100000, 0x300000, kRam}));
}

TEST(Memmap, APageThatIsRamInPartIsADevice) {
    EXPECT_THAT(build({{0x1000, 0x9fc00, true}, {0x9fc00, 0xa0000, false}}),
                testing::ElementsAre(Piece{0, 0x1000, kDevice}, Piece{0x1000, 0x9f000, kRam},
                                     Piece{0x9f000, kFourGib, kDevice}));
    EXPECT_THAT(build({{0x1800, 0x1c00, true}}), testing::ElementsAre(Piece{0, kFourGib, kDevice}));
}

TEST(Memmap, TooManyPiecesAreRefused) {
    std::vector<vmnix_range> ranges;
    for (std::uint64_t i = 1; i <= VMNIX_MAX_MEMORY; i++)
        ranges.push_back({i * 0x2000, i * 0x2000 + 0x1000, true});
    std::vector<vmnix_memory> memory(VMNIX_MAX_MEMORY);
    const auto count = static_cast<std::uint32_t>(ranges.size());
    EXPECT_EQ(vmnix_memmap_build(ranges.data(), count, memory.data(), VMNIX_MAX_MEMORY), -E2BIG);
    EXPECT_EQ(vmnix_memmap_build(ranges.data(), 10, memory.data(), VMNIX_MAX_MEMORY), 21);
}

// Against a map painted page by page.
TEST(Memmap, AgreesWithAPaintedMap) {
    std::mt19937_64 random(1);
    constexpr unsigned kPages = 64;
    for (unsigned round = 0; round < 300; round++) {
        std::vector<vmnix_range> ranges;
        std::vector<std::uint32_t> kind(kPages, kDevice);
        for (unsigned i = 0; i < round % 8; i++) {
            std::uint64_t a = random() % kPages * 4096, b = random() % kPages * 4096;
            ranges.push_back({std::min(a, b), std::max(a, b), random() % 2 == 0});
        }
        for (unsigned page = 0; page < kPages; page++)
            for (const vmnix_range &range : ranges)
                if (range.ram && page * 4096ull >= range.base && page * 4096ull < range.end)
                    kind[page] = kRam;
        const auto pieces = build(ranges);
        for (unsigned page = 0; page < kPages; page++) {
            std::uint32_t found = 0;
            for (const Piece &piece : pieces)
                if (page * 4096ull >= piece.base && page * 4096ull < piece.end)
                    found = piece.kind;
            ASSERT_EQ(found, kind[page]) << "round " << round << " page " << page;
        }
        for (std::size_t i = 1; i < pieces.size(); i++)
            ASSERT_TRUE(pieces[i].base > pieces[i - 1].end ||
                        (pieces[i].base == pieces[i - 1].end && pieces[i].kind != pieces[i - 1].kind));
    }
}

} // namespace
} // namespace vmnix_unit

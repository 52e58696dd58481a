// SPDX-License-Identifier: GPL-2.0-only
// Entry bits against the figures of SDM vol. 3, tables 29-1 to 29-6, which are spelled out here.
#include "vmm/vmx/nested.hpp"

#include <gtest/gtest.h>

namespace vmm {
namespace {

using vmx::EptFormat;
constexpr std::uint64_t kR = 1, kW = 2, kX = 4, kIgnorePat = 0x40, kPs = 0x80, kA = 0x100, kD = 0x200;

TEST(EptFormat, Rights) {
    const Hpa pa(0x12345000);
    const std::uint64_t base = pa.raw() | kR | kA | kD | 6 << 3;
    EXPECT_EQ(EptFormat::leaf(pa, 1, {}, MemoryType::WriteBack), base);
    EXPECT_EQ(EptFormat::leaf(pa, 1, {.write = true}, MemoryType::WriteBack), base | kW);
    EXPECT_EQ(EptFormat::leaf(pa, 1, {.execute = true}, MemoryType::WriteBack), base | kX);
    EXPECT_EQ(EptFormat::table(pa), pa.raw() | kR | kW | kX | kA); // rights are the AND of all levels
    for (bool write : {false, true})
        for (bool execute : {false, true})
            EXPECT_EQ(EptFormat::rights(EptFormat::leaf(pa, 1, {write, execute}, MemoryType::WriteBack)),
                      (Rights{write, execute}));
}

// 2, 3 and 7 are reserved; UC- is none of EPT's.
TEST(EptFormat, MemoryTypes) {
    const std::pair<MemoryType, unsigned> types[] = {
        {MemoryType::Uncacheable, 0},  {MemoryType::WriteCombining, 1}, {MemoryType::WriteThrough, 4},
        {MemoryType::WriteProtect, 5}, {MemoryType::WriteBack, 6},      {MemoryType::UncacheableMinus, 0},
    };
    for (const auto &[type, figure] : types)
        for (unsigned level : {1u, 2u, 3u}) {
            const std::uint64_t entry = EptFormat::leaf(Hpa(1ull << 30), level, {}, type);
            EXPECT_EQ(entry >> 3 & 7, figure);
            EXPECT_EQ(static_cast<unsigned>(EptFormat::type(entry, level)), figure);
            EXPECT_FALSE(entry & kIgnorePat);
        }
}

TEST(EptFormat, LargePages) {
    const std::uint64_t two = EptFormat::leaf(Hpa(0x40200000), 2, {true, false}, MemoryType::WriteBack);
    EXPECT_EQ(two, 0x40200000 | kR | kW | kA | kD | kPs | 6 << 3);
    const std::uint64_t one = EptFormat::leaf(Hpa(0x8'4000'0000), 3, {true, true}, MemoryType::Uncacheable);
    EXPECT_EQ(one, 0x8'4000'0000 | kR | kW | kX | kA | kD | kPs);
    EXPECT_TRUE(EptFormat::is_leaf(two, 2) && EptFormat::is_leaf(one, 3));
    EXPECT_FALSE(EptFormat::is_leaf(EptFormat::table(Hpa(0x1000)), 2));
    EXPECT_EQ(EptFormat::frame(two, 2), Hpa(0x40200000));
    EXPECT_EQ(EptFormat::frame(one, 3), Hpa(0x8'4000'0000));
}

TEST(EptFormat, NothingIsNotPresent) {
    EXPECT_FALSE(EptFormat::present(0));
    EXPECT_FALSE(EptFormat::present(~std::uint64_t{7}));
    EXPECT_TRUE(EptFormat::present(EptFormat::leaf(Hpa(), 1, {}, MemoryType::Uncacheable)));
}

} // namespace
} // namespace vmm

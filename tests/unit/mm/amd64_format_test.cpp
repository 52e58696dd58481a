// SPDX-License-Identifier: GPL-2.0-only
// Entry bits against the figures of APM vol. 2, 5.4 (long-mode page tables) and 7.8 (PAT), which are spelled out here.
#include "vmm/mm/amd64_format.hpp"

#include "vmm/svm/nested.hpp"

#include <gtest/gtest.h>

namespace vmm {
namespace {

using svm::NptFormat;
constexpr std::uint64_t kP = 1, kRw = 2, kUs = 4, kPwt = 8, kPcd = 0x10, kA = 0x20, kD = 0x40, kPs = 0x80,
                        kPatSmall = 0x80, kPatLarge = 0x1000, kNx = 1ull << 63;

TEST(Amd64Format, Rights) {
    const Hpa pa(0x12345000);
    const std::uint64_t base = pa.raw() | kP | kA | kD;
    EXPECT_EQ(HostFormat::leaf(pa, 1, {}, MemoryType::WriteBack), base | kNx);
    EXPECT_EQ(HostFormat::leaf(pa, 1, {.write = true}, MemoryType::WriteBack), base | kRw | kNx);
    EXPECT_EQ(HostFormat::leaf(pa, 1, {.execute = true}, MemoryType::WriteBack), base);
    EXPECT_EQ(HostFormat::leaf(pa, 1, {true, true}, MemoryType::WriteBack), base | kRw);
}

TEST(Amd64Format, OnlyNestedPagesAreUserPages) {
    EXPECT_FALSE(HostFormat::leaf(Hpa(0x1000), 1, {true, true}, MemoryType::WriteBack) & kUs);
    EXPECT_TRUE(NptFormat::leaf(Hpa(0x1000), 1, {true, true}, MemoryType::WriteBack) & kUs);
    EXPECT_TRUE(NptFormat::table(Hpa(0x1000)) & kUs); // rights are the AND of all levels
}

// Index PAT:PCD:PWT selects a byte of the PAT MSR.
TEST(Amd64Format, MemoryTypes) {
    for (MemoryType type : {MemoryType::Uncacheable, MemoryType::WriteCombining, MemoryType::WriteThrough,
                            MemoryType::WriteProtect, MemoryType::WriteBack, MemoryType::UncacheableMinus})
        for (unsigned level : {1u, 2u, 3u}) {
            const std::uint64_t entry = HostFormat::leaf(Hpa(1ull << 30), level, {}, type);
            const bool pat = entry & (level == 1 ? kPatSmall : kPatLarge);
            const unsigned index = (entry & kPwt ? 1 : 0) + (entry & kPcd ? 2 : 0) + (pat ? 4 : 0);
            EXPECT_EQ(kVmmPat >> 8 * index & 0xff, static_cast<std::uint64_t>(type)) << level;
            EXPECT_EQ(HostFormat::type(entry, level), type);
        }
}

TEST(Amd64Format, EveryByteOfThePatIsAType) {
    for (unsigned i = 0; i < 8; i++) {
        const std::uint64_t type = kVmmPat >> 8 * i & 0xff;
        EXPECT_TRUE(type <= 7 && type != 2 && type != 3) << i; // 2 and 3 are reserved: WRMSR would fault
    }
    EXPECT_EQ(kVmmPat & 0xff, 6u); // no bits set: write-back
}

TEST(Amd64Format, LargePages) {
    const std::uint64_t two = HostFormat::leaf(Hpa(0x40200000), 2, {true, false}, MemoryType::WriteBack);
    EXPECT_EQ(two, 0x40200000 | kP | kRw | kA | kD | kPs | kNx);
    const std::uint64_t one = NptFormat::leaf(Hpa(0x8'4000'0000), 3, {true, true}, MemoryType::WriteBack);
    EXPECT_EQ(one, 0x8'4000'0000 | kP | kRw | kUs | kA | kD | kPs);
    EXPECT_TRUE(HostFormat::is_leaf(two, 2) && HostFormat::is_leaf(one, 3));
    EXPECT_EQ(HostFormat::frame(two, 2), Hpa(0x40200000));
    EXPECT_EQ(HostFormat::frame(one, 3), Hpa(0x8'4000'0000));
}

// Bit 12 of a large page is PAT and no address; bit 7 of a small page is PAT and no size.
TEST(Amd64Format, PatBitsAreNoAddress) {
    const std::uint64_t large = HostFormat::leaf(Hpa(0x200000), 2, {}, MemoryType::WriteCombining);
    EXPECT_TRUE(large & kPatLarge);
    EXPECT_EQ(HostFormat::frame(large, 2), Hpa(0x200000));
    const std::uint64_t small = HostFormat::leaf(Hpa(0x201000), 1, {}, MemoryType::WriteCombining);
    EXPECT_TRUE(small & kPatSmall);
    EXPECT_EQ(HostFormat::frame(small, 1), Hpa(0x201000));
}

TEST(Amd64Format, TablesGrantEverything) {
    const std::uint64_t table = HostFormat::table(Hpa(0xabc000));
    EXPECT_EQ(table, 0xabc000 | kP | kRw | kUs | kA);
    EXPECT_TRUE(HostFormat::present(table));
    for (unsigned level : {2u, 3u, 4u, 5u})
        EXPECT_FALSE(HostFormat::is_leaf(table, level));
    EXPECT_TRUE(HostFormat::is_leaf(table, 1));
}

TEST(Amd64Format, HighestFrame) {
    const Hpa top(0x000f'ffff'ffff'f000);
    EXPECT_EQ(HostFormat::frame(HostFormat::leaf(top, 1, {}, MemoryType::WriteBack), 1), top);
    EXPECT_EQ(HostFormat::frame(HostFormat::table(top), 1), top);
}

// The CPU applies the MTRRs itself with nested paging, so whatever is asked for is write-back.
TEST(NptFormat, EveryLeafIsWriteBack) {
    for (MemoryType type : {MemoryType::Uncacheable, MemoryType::WriteCombining, MemoryType::WriteProtect})
        for (unsigned level : {1u, 2u, 3u})
            EXPECT_EQ(NptFormat::type(NptFormat::leaf(Hpa(1ull << 30), level, {}, type), level), MemoryType::WriteBack);
}

TEST(Amd64Format, NothingIsPresentAtZero) {
    EXPECT_FALSE(HostFormat::present(0));
    EXPECT_FALSE(HostFormat::present(~1ull));
}

} // namespace
} // namespace vmm

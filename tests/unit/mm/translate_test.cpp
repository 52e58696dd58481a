// SPDX-License-Identifier: GPL-2.0-only
// Translations as the CPU makes them, APM vol. 2, 5.2 (legacy), 5.2.3 (PAE) and 5.3 (long mode).
#include "vmm/mm/guest_memory.hpp"

#include "tests/unit/mm/sparse_ram.hpp"

#include <gtest/gtest.h>

namespace vmm::test {
namespace {

constexpr std::uint64_t kP = 1, kLarge = 0x80, kPage = 0x1234'5000;
constexpr std::uint64_t kAddress = 0xffff'9abc'def0'1234; // with another index at every level
constexpr Paging kLong4{x86::cr0::PG | x86::cr0::PE, 0x1000, x86::cr4::PAE, x86::efer::LME | x86::efer::LMA};
constexpr Paging kLong5{x86::cr0::PG | x86::cr0::PE, 0x1000, x86::cr4::PAE | x86::cr4::LA57,
                        x86::efer::LME | x86::efer::LMA};
constexpr Paging kPae{x86::cr0::PG | x86::cr0::PE, 0x1000, x86::cr4::PAE, 0};
constexpr Paging kLegacy{x86::cr0::PG | x86::cr0::PE, 0x1000, x86::cr4::PSE, 0};

unsigned index(std::uint64_t va, unsigned level) {
    return va >> (3 + 9 * level) & 511;
}

class LongMode : public testing::TestWithParam<unsigned> {
  protected:
    unsigned levels() const { return GetParam(); }
    Paging paging() const { return levels() == 5 ? kLong5 : kLong4; }
    // Where the entry of a level lies: the table of the highest level is at 0x1000, the next at 0x2000.
    std::uint64_t slot(unsigned level) const { return 0x1000 * (levels() - level + 1) + 8 * index(kAddress, level); }
    void build(unsigned leaf_level, std::uint64_t leaf) {
        for (unsigned level = levels(); level > leaf_level; level--)
            ram_.put<std::uint64_t>(slot(level), 0x1000 * (levels() - level + 2) | kP);
        ram_.put(slot(leaf_level), leaf);
    }
    Gpa translated(std::uint64_t va = kAddress) const { return translate(ram_, paging(), Gva(va)); }

    SparseRam ram_;
};
INSTANTIATE_TEST_SUITE_P(Levels, LongMode, testing::Values(4, 5));

TEST_P(LongMode, SmallPage) {
    build(1, kPage | kP);
    EXPECT_EQ(translated(), Gpa(kPage | 0x234));
    EXPECT_EQ(translated(kAddress | 0xfff), Gpa(kPage | 0xfff));
    EXPECT_EQ(translated(kAddress + 0x1000), kNowhere);
}

TEST_P(LongMode, LargePages) {
    build(2, 0x4020'0000 | kLarge | kP);
    EXPECT_EQ(translated(), Gpa(0x4020'0000 | (kAddress & 0x1f'ffff)));
    build(3, 0x2'4000'0000 | kLarge | kP);
    EXPECT_EQ(translated(), Gpa(0x2'4000'0000 | (kAddress & 0x3fff'ffff)));
}

// Flags around the frame are none of the address: NX, the available bits, PAT of large pages.
TEST_P(LongMode, OnlyTheFrameCounts) {
    build(1, kPage | 0xfff0'0000'0000'0fff);
    EXPECT_EQ(translated(), Gpa(kPage | 0x234));
    build(2, 0x4020'0000 | 0xfff0'0000'0000'1fff);
    EXPECT_EQ(translated(), Gpa(0x4020'0000 | (kAddress & 0x1f'ffff)));
    Paging with_flags = paging();
    with_flags.cr3 |= 0x8000'0000'0000'0fff; // PCID and its bit 63
    build(1, kPage | kP);
    EXPECT_EQ(translate(ram_, with_flags, Gva(kAddress)), Gpa(kPage | 0x234));
}

TEST_P(LongMode, NotPresentAtEachLevel) {
    for (unsigned level = 1; level <= levels(); level++) {
        build(1, kPage | kP);
        EXPECT_NE(translated(), kNowhere);
        ram_.put<std::uint64_t>(slot(level), ram_.get(slot(level)) & ~kP);
        EXPECT_EQ(translated(), kNowhere) << level;
    }
}

TEST_P(LongMode, TableOutsideRamAtEachLevel) {
    for (unsigned level = 1; level <= levels(); level++) {
        build(1, kPage | kP);
        ram_.remove(slot(level));
        EXPECT_EQ(translated(), kNowhere) << level;
        // An address beyond everything, too.
        build(1, kPage | kP);
        if (level == levels())
            continue;
        ram_.put<std::uint64_t>(slot(level + 1), 0x000f'ffff'ffff'f000 | kP);
        EXPECT_EQ(translated(), kNowhere) << level;
    }
}

// Where no page table may be large, bit 7 is no leaf: the CPU faults, and so there is nothing to read either way.
TEST_P(LongMode, NoLargePageAboveOneGigabyte) {
    build(1, kPage | kP);
    ram_.put<std::uint64_t>(slot(4), ram_.get(slot(4)) | kLarge);
    EXPECT_NE(translated(), Gpa(align_down(ram_.get(slot(4)), 1ull << 39) | (kAddress & 0x7f'ffff'ffff)));
}

// Bits beyond the widest index take no part; the CPU has checked that an address is canonical before it came to us.
TEST_P(LongMode, NonCanonicalAddressesReadNothingElse) {
    build(1, kPage | kP);
    const std::uint64_t beyond = levels() == 5 ? 1ull << 57 : 1ull << 48;
    EXPECT_EQ(translated(kAddress ^ beyond), translated());
    if (levels() == 5) {
        EXPECT_EQ(translated(kAddress ^ 1ull << 56), kNowhere); // another index of the fifth level
    }
}

TEST(Translate, NoPaging) {
    const SparseRam ram;
    const Paging off{0, 0x1000, 0, 0};
    EXPECT_EQ(translate(ram, off, Gva(0xffff0)), Gpa(0xffff0));
    EXPECT_EQ(translate(ram, off, Gva(0x1'0000'0123)), Gpa(0x123)); // 32 address bits
    // Control bits of paging modes mean nothing while paging is off.
    EXPECT_EQ(translate(ram, {0, 0, x86::cr4::PAE | x86::cr4::PSE, x86::efer::LME}, Gva(0x5678)), Gpa(0x5678));
}

TEST(Translate, Pae) {
    SparseRam ram;
    const std::uint64_t va = 0xc12f'5678;
    ram.put<std::uint64_t>(0x1000 + 8 * 3, 0x2000 | kP);
    ram.put<std::uint64_t>(0x2000 + 8 * (va >> 21 & 511), 0x3000 | kP);
    ram.put<std::uint64_t>(0x3000 + 8 * (va >> 12 & 511), 0x8000'0009'8765'4000 | kP);
    EXPECT_EQ(translate(ram, kPae, Gva(va)), Gpa(0x9'8765'4678));
    EXPECT_EQ(translate(ram, kPae, Gva(va | 0xffff'ffff'0000'0000)), Gpa(0x9'8765'4678)); // 32 bits
    EXPECT_EQ(translate(ram, kPae, Gva(va & 0x3fff'ffff)), kNowhere);
    ram.put<std::uint64_t>(0x2000 + 8 * (va >> 21 & 511), 0x4'0040'0000 | kLarge | kP);
    EXPECT_EQ(translate(ram, kPae, Gva(va)), Gpa(0x4'0040'0000 | (va & 0x1f'ffff)));
    ram.put<std::uint64_t>(0x2000 + 8 * (va >> 21 & 511), 0x4'0040'0000 | kLarge);
    EXPECT_EQ(translate(ram, kPae, Gva(va)), kNowhere);
}

// The four entries of PAE's first table need 32-byte alignment only.
TEST(Translate, PaeRootWithinAPage) {
    SparseRam ram;
    ram.put<std::uint64_t>(0x1fe0 + 8 * 1, 0x2000 | kP);
    ram.put<std::uint64_t>(0x2000, 0x20'0000 | kLarge | kP);
    Paging paging = kPae;
    paging.cr3 = 0x1fe0 | 0x18; // PWT and PCD
    EXPECT_EQ(translate(ram, paging, Gva(0x4000'0123)), Gpa(0x20'0123));
    ram.remove(0x1000);
    EXPECT_EQ(translate(ram, paging, Gva(0x4000'0123)), kNowhere);
}

TEST(Translate, Legacy) {
    SparseRam ram;
    const std::uint32_t va = 0xc12f'5678;
    ram.put<std::uint32_t>(0x1000 + 4 * (va >> 22), 0x2000 | kP);
    ram.put<std::uint32_t>(0x2000 + 4 * (va >> 12 & 1023), 0x8765'4000 | kP);
    EXPECT_EQ(translate(ram, kLegacy, Gva(va)), Gpa(0x8765'4678));
    EXPECT_EQ(translate(ram, kLegacy, Gva(va + 0x1000)), kNowhere);
    ram.put<std::uint32_t>(0x1000 + 4 * (va >> 22), 0x2000);
    EXPECT_EQ(translate(ram, kLegacy, Gva(va)), kNowhere);
    ram.remove(0x1000);
    EXPECT_EQ(translate(ram, kLegacy, Gva(va)), kNowhere);
}

// 4 MiB pages: bits 20:13 hold the physical address' bits 39:32, bit 12 is PAT (APM vol. 2, figure 5-13).
TEST(Translate, LegacyLargePages) {
    SparseRam ram;
    const std::uint32_t va = 0xc12f'5678;
    ram.put<std::uint32_t>(0x1000 + 4 * (va >> 22), 0x0040'0000 | kLarge | kP);
    EXPECT_EQ(translate(ram, kLegacy, Gva(va)), Gpa(0x0040'0000 | (va & 0x3f'ffff)));
    ram.put<std::uint32_t>(0x1000 + 4 * (va >> 22), 0xffc0'0000 | 0xa5 << 13 | 1 << 12 | kLarge | kP);
    EXPECT_EQ(translate(ram, kLegacy, Gva(va)), Gpa(0xa5'ffc0'0000 | (va & 0x3f'ffff)));
    // Without CR4.PSE the bit is ignored and a table follows.
    Paging without = kLegacy;
    without.cr4 = 0;
    ram.put<std::uint32_t>(0x1000 + 4 * (va >> 22), 0x2000 | kLarge | kP);
    ram.put<std::uint32_t>(0x2000 + 4 * (va >> 12 & 1023), 0x8765'4000 | kP);
    EXPECT_EQ(translate(ram, without, Gva(va)), Gpa(0x8765'4678));
}

} // namespace
} // namespace vmm::test

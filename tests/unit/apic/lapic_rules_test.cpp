// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/lapic_rules.hpp"

#include <gtest/gtest.h>

namespace vmm {
namespace {

constexpr std::uint8_t kXr = LapicRule::XapicRead, kXw = LapicRule::XapicWrite;
constexpr std::uint8_t kMr = LapicRule::X2apicRead, kMw = LapicRule::X2apicWrite;
constexpr std::uint8_t kAll = kXr | kXw | kMr | kMw;

struct Sheet {
    std::uint32_t offset;
    std::uint8_t access;
    std::uint32_t writable;
    std::uint32_t ignored;
};

// SDM volume 3, tables "Local APIC Register Address Map" and "... Supported by x2APIC", and the figures of each
// register; APM volume 2, table "APIC Registers" for 0x400 and up. A CPU with everything.
constexpr Sheet kSheet[] = {
    {0x020, kXr | kMr, 0, 0},
    {0x030, kXr | kMr, 0, 0},
    {0x080, kAll, 0xff, 0},
    {0x090, kXr | kMr, 0, 0}, // the MSR is AMD's
    {0x0a0, kXr | kMr, 0, 0},
    {0x0b0, kXw | kMw, 0, 0},
    {0x0c0, kXr | kMr, 0, 0}, // likewise
    {0x0d0, kXr | kXw | kMr, 0xff000000, 0},
    {0x0e0, kXr | kXw, 0xf0000000, 0},
    {0x0f0, kAll, 0x13ff, 0},
    {0x280, kAll, 0, 0},
    {0x2f0, kAll, 0x107ff, 0x1000},
    {0x300, kAll, 0xccfff, 0},
    {0x310, kXr | kXw, 0xff000000, 0},
    {0x320, kAll, 0x700ff, 0x1000},
    {0x330, kAll, 0x107ff, 0x1000},
    {0x340, kAll, 0x107ff, 0x1000},
    {0x350, kAll, 0x1a7ff, 0x5000},
    {0x360, kAll, 0x1a7ff, 0x5000},
    {0x370, kAll, 0x100ff, 0x1000},
    {0x380, kAll, 0xffffffff, 0},
    {0x390, kXr | kMr, 0, 0},
    {0x3e0, kAll, 0xb, 0},
    {0x3f0, kMw, 0xff, 0},
    {0x400, kXr | kMr, 0, 0},
    {0x410, kXr | kMr, 0, 0},
    {0x500, kAll, 0x107ff, 0x1000},
    {0x510, kAll, 0x107ff, 0x1000},
    {0x520, kAll, 0x107ff, 0x1000},
    {0x530, kAll, 0x107ff, 0x1000},
};

TEST(LapicRules, AgreeWithTheDataSheets) {
    const LapicRules rules(0x81060010, 0x00040007, true);
    for (std::uint32_t offset = 0; offset < 0x1000; offset += 16) {
        Sheet expected{offset, LapicRule::None, 0, 0};
        if (offset >= 0x100 && offset < 0x280)
            expected.access = kXr | kMr;
        for (const Sheet &row : kSheet)
            if (row.offset == offset)
                expected = row;
        const LapicRule rule = rules.rule(lapic_register_at(offset));
        EXPECT_EQ(rule.access, expected.access) << std::hex << offset;
        EXPECT_EQ(rule.writable, expected.writable) << std::hex << offset;
        EXPECT_EQ(rule.ignored, expected.ignored) << std::hex << offset;
    }
}

TEST(LapicRules, FeaturesTakeRegistersAway) {
    for (unsigned max_lvt = 0; max_lvt < 8; max_lvt++) {
        const LapicRules rules(0x10 | max_lvt << 16, 0, false);
        EXPECT_TRUE(rules.is_present(LapicRegister::LvtError));
        EXPECT_EQ(rules.is_present(LapicRegister::LvtPmc), max_lvt >= 4);
        EXPECT_EQ(rules.is_present(LapicRegister::LvtThermal), max_lvt >= 5);
        EXPECT_EQ(rules.is_present(LapicRegister::LvtCmci), max_lvt >= 6);
    }
    const LapicRules plain(0x00050014, 0x00040007, false);
    EXPECT_EQ(plain.rule(LapicRegister::LvtTimer).writable, 0x300ffu);
    EXPECT_EQ(plain.rule(LapicRegister::SpuriousVector).writable, 0x3ffu);
    EXPECT_EQ(plain.rule(LapicRegister::RemoteRead).access, kXr);
    EXPECT_FALSE(plain.is_present(LapicRegister::ExtendedFeature));
    EXPECT_FALSE(plain.is_present(LapicRegister::ExtendedLvt0));
}

TEST(LapicRules, ExtendedSpaceHasAsManyLvtsAsItSays) {
    for (unsigned count = 0; count < 256; count++) {
        const LapicRules rules(0x80050010, count << 16, false);
        for (unsigned n = 0; n < 4; n++)
            EXPECT_EQ(rules.is_present(lapic_register_plus(LapicRegister::ExtendedLvt0, n)), n < count);
        EXPECT_FALSE(rules.is_present(lapic_register_at(0x540)));
        EXPECT_FALSE(rules.is_present(LapicRegister::SpecificEoi));
        EXPECT_FALSE(rules.is_present(LapicRegister::InterruptEnable0));
    }
}

} // namespace
} // namespace vmm

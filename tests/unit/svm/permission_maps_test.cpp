// SPDX-License-Identifier: GPL-2.0-only
// The maps bit by bit, where APM vol. 2, 15.10.1 and 15.11 put them.
#include "vmm/svm/permission_maps.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace vmm::svm {
namespace {

// The number of an MSR's first bit; its second intercepts writes.
std::optional<std::size_t> msr_bit(std::uint32_t index) {
    if (index <= 0x1fff)
        return 2 * index;
    if (index >= 0xc0000000 && index <= 0xc0001fff)
        return 0x800 * 8 + 2 * (index - 0xc0000000);
    if (index >= 0xc0010000 && index <= 0xc0011fff)
        return 0x1000 * 8 + 2 * (index - 0xc0010000);
    return std::nullopt;
}

class MsrMap : public testing::Test {
  protected:
    MsrMap() { fill_msr_map(map_); }
    bool bit(std::size_t n) const { return map_[n / 8] >> n % 8 & 1; }
    bool reads(std::uint32_t index) const { return bit(*msr_bit(index)); }
    bool writes(std::uint32_t index) const { return bit(*msr_bit(index) + 1); }

    std::vector<std::uint8_t> map_ = std::vector<std::uint8_t>(kMsrMapPages * 4096);
};

// Every MSR of the three ranges, against the policy; what lies outside of them exits whatever the map says.
TEST_F(MsrMap, ExactlyWhatThePolicySays) {
    for (std::uint32_t first : {0u, 0xc0000000u, 0xc0010000u})
        for (std::uint32_t index = first; index < first + 0x2000; index++) {
            ASSERT_EQ(reads(index), policy::msr_action(index, false) != policy::MsrAction::Pass) << std::hex << index;
            ASSERT_EQ(writes(index), policy::msr_action(index, true) != policy::MsrAction::Pass) << std::hex << index;
        }
}

TEST_F(MsrMap, NothingBehindTheRanges) {
    for (std::size_t byte = 0x1800; byte < map_.size(); byte++)
        ASSERT_EQ(map_[byte], 0) << std::hex << byte;
}

// Some by hand, so that map and reference do not err together.
TEST_F(MsrMap, Samples) {
    EXPECT_EQ(map_[0x1b / 4] & 0xc0, 0xc0); // APIC base: bits 7:6 of byte 6
    EXPECT_EQ(map_[0x200 / 4], 0xaa);       // variable MTRRs: writes only
    EXPECT_EQ(map_[0x800 / 4], 0xff);       // x2APIC: all
    EXPECT_EQ(map_[0x8fc / 4], 0xff);
    EXPECT_EQ(map_[0x800 + 0x80 / 4] & 0x03, 0x03);         // EFER
    EXPECT_EQ(map_[0x800 + 0x100 / 4], 0);                  // FS.base and its neighbours
    EXPECT_EQ(map_[0x1000 + 0x114 / 4], 0xff);              // VM_CR to VM_HSAVE_PA
    EXPECT_FALSE(reads(0x48) || writes(0x48));              // SPEC_CTRL
    EXPECT_FALSE(reads(0x277) || writes(0x277));            // PAT
    EXPECT_FALSE(reads(0xc0010010) || !writes(0xc0010010)); // SYSCFG
}

TEST(MsrMapEdges, FirstAndLastOfEachRange) {
    for (std::uint32_t index : {0u, 0x1fffu, 0xc0000000u, 0xc0001fffu, 0xc0010000u, 0xc0011fffu}) {
        for (unsigned kind = 0; kind < 4; kind++) {
            std::vector<std::uint8_t> map(kMsrMapPages * 4096);
            intercept_msr(map, index, kind & 1, kind & 2);
            for (std::size_t n = 0; n < map.size() * 8; n++) {
                const bool expected = (n == *msr_bit(index) && (kind & 1)) || (n == *msr_bit(index) + 1 && (kind & 2));
                ASSERT_EQ(map[n / 8] >> n % 8 & 1, expected) << std::hex << index << " bit " << n;
            }
        }
    }
}

TEST(MsrMapEdges, OutsideOfTheRangesNothingIsWritten) {
    for (std::uint32_t index : {0x2000u, 0xbfffffffu, 0xc0002000u, 0xc000ffffu, 0xc0012000u, 0x40000000u, ~0u}) {
        std::vector<std::uint8_t> map(kMsrMapPages * 4096);
        intercept_msr(map, index, true, true);
        EXPECT_EQ(map, std::vector<std::uint8_t>(map.size())) << std::hex << index;
    }
}

TEST(IoMap, ExactlyTheRows) {
    std::vector<std::uint8_t> map(kIoMapPages * 4096);
    fill_io_map(map, {});
    for (unsigned port = 0; port < map.size() * 8; port++) {
        const bool expected = port == 0x64 || port == 0x92 || port == 0xcf9;
        ASSERT_EQ(map[port / 8] >> port % 8 & 1, expected) << std::hex << port;
    }
}

} // namespace
} // namespace vmm::svm

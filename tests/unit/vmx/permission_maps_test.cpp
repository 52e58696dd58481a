// SPDX-License-Identifier: GPL-2.0-only
// The maps bit by bit, where SDM vol. 3, 25.6.4 and 25.6.9 put them.
#include "vmm/vmx/permission_maps.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace vmm::vmx {
namespace {

using Map = std::vector<std::uint8_t>;

// The number of an MSR's bit for reads; that for writes is 2 KiB behind it.
std::optional<std::size_t> msr_bit(std::uint32_t index) {
    if (index <= 0x1fff)
        return index;
    if (index >= 0xc0000000 && index <= 0xc0001fff)
        return 0x400 * 8 + (index - 0xc0000000);
    return std::nullopt;
}
constexpr std::size_t kWrites = 0x800 * 8;

bool is_set(const Map &map, std::size_t n) {
    return map[n / 8] >> n % 8 & 1;
}
bool reads(const Map &map, std::uint32_t index) {
    return is_set(map, *msr_bit(index));
}
bool writes(const Map &map, std::uint32_t index) {
    return is_set(map, *msr_bit(index) + kWrites);
}

// Every MSR of the two ranges, against the policy; what lies outside of them exits whatever the map says.
TEST(VmxMsrMap, ExactlyWhatThePolicySays) {
    Map map(kMsrMapPages * 4096);
    fill_msr_map(map);
    for (std::uint32_t first : {0u, 0xc0000000u})
        for (std::uint32_t index = first; index < first + 0x2000; index++) {
            ASSERT_EQ(reads(map, index), policy::msr_action(index, false) != policy::MsrAction::Pass)
                << std::hex << index;
            ASSERT_EQ(writes(map, index), policy::msr_action(index, true) != policy::MsrAction::Pass)
                << std::hex << index;
        }
}

// Some by hand, so that map and reference do not err together.
TEST(VmxMsrMap, Samples) {
    Map map(kMsrMapPages * 4096);
    fill_msr_map(map);
    EXPECT_EQ(map[0x1b / 8] & 0x08, 0x08); // APIC base, reads and writes
    EXPECT_EQ(map[0x800 + 0x1b / 8] & 0x08, 0x08);
    EXPECT_EQ(map[0x200 / 8], 0); // variable MTRRs: writes only
    EXPECT_EQ(map[0x800 + 0x200 / 8], 0xff);
    EXPECT_EQ(map[0x100], 0xff); // x2APIC
    EXPECT_EQ(map[0x11f], 0xff);
    EXPECT_EQ(map[0x800 + 0x11f], 0xff);
    EXPECT_EQ(map[0x400 + 0x80 / 8] & 1, 1); // EFER
    EXPECT_EQ(map[0xc00 + 0x80 / 8] & 1, 1);
    EXPECT_EQ(map[0x400 + 0x100 / 8] & 7, 0);              // FS.base and its neighbours
    EXPECT_FALSE(reads(map, 0x48) || writes(map, 0x48));   // SPEC_CTRL
    EXPECT_FALSE(reads(map, 0x277) || writes(map, 0x277)); // PAT
    EXPECT_FALSE(reads(map, 0x6e1) || writes(map, 0x6e1)); // beside the TSC deadline
    EXPECT_TRUE(reads(map, 0x6e0) && writes(map, 0x6e0));
}

// Every MSR of both ranges: what is switched with the world passes, in the direction and on the CPUs that its row says.
TEST(VmxMsrMap, VmsReachWhatIsSwitched) {
    const ExtendedFeatures none{}, all{.xcr0 = 7, .tsc_aux = true, .spec_ctrl = true, .prediction_barrier = true};
    for (const ExtendedFeatures *features : {&none, &all}) {
        Map map(kMsrMapPages * 4096);
        fill_vm_msr_map(map, *features);
        for (std::uint32_t first : {0u, 0xc0000000u})
            for (std::uint32_t index = first; index < first + 0x2000; index++) {
                bool read = false, write = false;
                for (const policy::SwitchedMsr &row : policy::kSwitchedMsrs)
                    if (row.index == index && row.is_present(*features)) {
                        read = row.read;
                        write = row.write;
                    }
                ASSERT_EQ(reads(map, index), !read) << std::hex << index;
                ASSERT_EQ(writes(map, index), !write) << std::hex << index;
            }
    }
    Map map(kMsrMapPages * 4096);
    fill_vm_msr_map(map, all);
    EXPECT_TRUE(reads(map, 0x49) && !writes(map, 0x49));             // PRED_CMD
    EXPECT_FALSE(reads(map, 0xc0000100) || writes(map, 0xc0000100)); // FS.base
    EXPECT_TRUE(reads(map, 0xc0000080) && writes(map, 0xc0000080));  // EFER
    EXPECT_TRUE(reads(map, 0x480) && writes(map, 0x480));            // VMX
}

TEST(VmxMsrMap, FirstAndLastOfEachRange) {
    for (std::uint32_t index : {0u, 0x1fffu, 0xc0000000u, 0xc0001fffu})
        for (unsigned kind = 0; kind < 4; kind++) {
            Map map(kMsrMapPages * 4096), passed(kMsrMapPages * 4096, 0xff);
            intercept_msr(map, index, kind & 1, kind & 2);
            pass_msr(passed, index, kind & 1, kind & 2);
            for (std::size_t n = 0; n < map.size() * 8; n++) {
                const bool expected =
                    (n == *msr_bit(index) && (kind & 1)) || (n == *msr_bit(index) + kWrites && (kind & 2));
                ASSERT_EQ(is_set(map, n), expected) << std::hex << index << " bit " << n;
                ASSERT_EQ(is_set(passed, n), !expected) << std::hex << index << " bit " << n;
            }
        }
}

TEST(VmxMsrMap, OutsideOfTheRangesNothingIsWritten) {
    for (std::uint32_t index : {0x2000u, 0xbfffffffu, 0xc0002000u, 0xc0010000u, 0x40000000u, ~0u}) {
        Map map(kMsrMapPages * 4096), passed(kMsrMapPages * 4096, 0xff);
        intercept_msr(map, index, true, true);
        pass_msr(passed, index, true, true);
        EXPECT_EQ(map, Map(map.size())) << std::hex << index;
        EXPECT_EQ(passed, Map(map.size(), 0xff)) << std::hex << index;
    }
}

TEST(VmxIoMap, ExactlyTheRows) {
    Map map(kIoMapPages * 4096);
    fill_io_map(map, {.reset = 0xb2, .pm1a = 0x604, .pm1b = 0});
    for (unsigned port = 0; port < map.size() * 8; port++) {
        const bool expected = port == 0x64 || port == 0x92 || port == 0xcf9 || port == 0xb2 || port == 0x604;
        ASSERT_EQ(is_set(map, port), expected) << std::hex << port;
    }
}

} // namespace
} // namespace vmm::vmx

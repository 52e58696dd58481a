// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/vmnix/abi_layout.h"

#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

namespace vmnix_unit {
namespace {

#define HANDOVER(type) {#type, sizeof(type)},
#define SIZE(type, bytes) {#type, sizeof(type)},
#define AT(type, member, offset) {#type "." #member, offsetof(type, member)},
const std::vector<std::pair<std::string, std::size_t>> kCxxLayout = {
    VMNIX_HANDOVER(HANDOVER) VMNIX_SIZES(SIZE) VMNIX_OFFSETS(AT){"ioctl info", VMNIX_IOC_INFO},
    {"ioctl stats", VMNIX_IOC_STATS},
    {"ioctl launch", VMNIX_IOC_LAUNCH},
    {"ioctl hypercall", VMNIX_IOC_HYPERCALL},
};
#undef SIZE
#undef AT

#define SIZE(type, bytes) bytes,
#define AT(type, member, offset) offset,
const std::vector<std::size_t> kWritten = {VMNIX_SIZES(SIZE) VMNIX_OFFSETS(AT) 0xc0905601, 0xc1085602, 0xc0205603,
                                           0xc0205604};

TEST(Abi, IsTheSameInCAndCxx) {
    std::size_t i = 0;
    for (; vmnix_c_layout[i].name; i++) {
        ASSERT_LT(i, kCxxLayout.size());
        EXPECT_EQ(vmnix_c_layout[i].name, kCxxLayout[i].first);
        EXPECT_EQ(vmnix_c_layout[i].value, kCxxLayout[i].second) << vmnix_c_layout[i].name;
    }
    EXPECT_EQ(i, kCxxLayout.size());
}

// A program or a module of yesterday still means these numbers.
TEST(Abi, IsAsWrittenDown) {
    ASSERT_LT(kWritten.size(), kCxxLayout.size());
    const std::size_t handover = kCxxLayout.size() - kWritten.size();
    for (std::size_t i = 0; i < kWritten.size(); i++)
        EXPECT_EQ(kCxxLayout[handover + i].second, kWritten[i]) << kCxxLayout[handover + i].first;
}

TEST(Abi, HypercallNumbersStay) {
    EXPECT_EQ(VMNIX_HC_VERSION, 0);
    EXPECT_EQ(VMNIX_HC_INFO, 1);
    EXPECT_EQ(VMNIX_HC_CPU_STATS, 2);
    EXPECT_EQ(VMNIX_HC_LOG_READ, 3);
    EXPECT_EQ(VMNIX_HC_EVENT, 4);
    EXPECT_EQ(VMNIX_HC_LEAVE, 5);
    EXPECT_EQ(VMNIX_HC_TEST, 6);
    EXPECT_EQ(VMNIX_HC_VM_CONSOLE_WRITE, 21);
    EXPECT_EQ(VMNIX_HC_CONSOLE_END, 22);
    EXPECT_EQ(VMNIX_HC_PACKAGE_DROP, 31);
    EXPECT_EQ(VMNIX_HC_PIECES, 33);
}

// Both fit the pages that the module sets aside for them.
TEST(Abi, HandoverFitsItsPages) {
    EXPECT_LE(sizeof(vmnix_handover_cpu), 4096u);
    EXPECT_LE(sizeof(vmnix_handover), 4096u);
}

} // namespace
} // namespace vmnix_unit

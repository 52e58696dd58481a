// SPDX-License-Identifier: GPL-2.0-only
// Descriptors that kernels use, taken apart by hand: APM vol. 2, 4.7 and 4.8.
#include "vmm/core/segment.hpp"

#include <gtest/gtest.h>

namespace vmm {
namespace {

struct Row {
    const char *what;
    std::uint64_t descriptor;
    std::uint16_t attributes;
    std::uint32_t limit;
    std::uint64_t base;
};

constexpr Row kRows[] = {
    {"Linux kernel code, 64 bit", 0x00af9b000000ffff, 0xa9b, 0xffffffff, 0},
    {"Linux kernel data", 0x00cf93000000ffff, 0xc93, 0xffffffff, 0},
    {"Linux user code, 32 bit", 0x00cffb000000ffff, 0xcfb, 0xffffffff, 0},
    {"Linux user data", 0x00cff3000000ffff, 0xcf3, 0xffffffff, 0},
    {"byte-granular", 0x00409b000000fffe, 0x49b, 0xfffe, 0},
    {"limit of 20 bits, byte-granular", 0x004f93000000ffff, 0x493, 0xfffff, 0},
    {"limit of one page", 0x00c0930000000000, 0xc93, 0xfff, 0},
    {"base in three places", 0x12cf9345678900ff, 0xc93, 0xf00ffu << 12 | 0xfff, 0x12456789},
    {"16-bit code", 0x00009b000000ffff, 0x09b, 0xffff, 0},
    {"not present", 0x00cf13000000ffff, 0xc13, 0xffffffff, 0},
    {"highest base", 0xff0093ffffff0000, 0x093, 0, 0xffffffff},
    {"null", 0, 0, 0, 0},
};

TEST(Segment, Descriptors) {
    for (const Row &row : kRows) {
        const SegmentState state = decode_segment(0x10, row.descriptor);
        EXPECT_EQ(state.selector, 0x10) << row.what;
        EXPECT_EQ(state.attributes, row.attributes) << row.what;
        EXPECT_EQ(state.limit, row.limit) << row.what;
        EXPECT_EQ(state.base, row.base) << row.what;
    }
}

static_assert(decode_segment(8, 0x00af9b000000ffff).attributes >> 9 & 1); // L

} // namespace
} // namespace vmm

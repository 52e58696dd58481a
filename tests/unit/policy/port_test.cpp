// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/policy/port.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace vmm::policy {
namespace {

TEST(PortPolicy, WhatResetsTheMachine) {
    EXPECT_TRUE(is_reset(0x64, 0xfe)); // pulse of line 0
    for (std::uint8_t command : {0x00, 0xff, 0xd1, 0x60, 0xfc, 0xee})
        EXPECT_FALSE(is_reset(0x64, command));
    EXPECT_TRUE(is_reset(0x92, 0x01));
    EXPECT_TRUE(is_reset(0x92, 0x03));
    EXPECT_FALSE(is_reset(0x92, 0x02)); // A20
    EXPECT_TRUE(is_reset(0xcf9, 0x06));
    EXPECT_TRUE(is_reset(0xcf9, 0x0e));
    EXPECT_FALSE(is_reset(0xcf9, 0x02)); // prepares it
}

TEST(PortPolicy, OtherPortsDoNot) {
    for (unsigned port = 0; port < 0x10000; port++) {
        if (port == 0x64 || port == 0x92 || port == 0xcf9)
            continue;
        for (std::uint8_t value : {0xfe, 0x01, 0x06})
            ASSERT_FALSE(is_reset(static_cast<std::uint16_t>(port), value)) << port;
    }
}

TEST(PortPolicy, RowsAreSortedAndHaveReasons) {
    std::uint32_t last = 0;
    for (const PortRow &row : kPortRows) {
        EXPECT_GT(row.port, last);
        last = row.port;
        EXPECT_EQ(row.reset_value & ~row.reset_mask, 0) << "never matches";
        EXPECT_GT(std::strlen(row.why), 5u);
    }
}

} // namespace
} // namespace vmm::policy

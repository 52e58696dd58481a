// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/fault_record.hpp"

#include <gtest/gtest.h>

#include <string>

namespace vmm::test {
namespace {

bool is_sound(const vmnix_fault_record &record) {
    return record.magic == VMNIX_FAULT_RECORD_MAGIC &&
           record.checksum == vmnix_checksum(VMNIX_FAULT_RECORD_MAGIC, record.text, sizeof record.text);
}

TEST(FaultRecord, EachLineMakesItWhole) {
    vmnix_fault_record record;
    __builtin_memset(&record, 0xee, sizeof(record));
    begin_record(record);
    EXPECT_FALSE(is_sound(record));
    add_to_record(record, "the first\n");
    EXPECT_TRUE(is_sound(record));
    add_to_record(record, "the second\n");
    EXPECT_TRUE(is_sound(record));
    EXPECT_STREQ(record.text, "the first\nthe second\n");
}

TEST(FaultRecord, WhatDoesNotFitIsLeftOut) {
    vmnix_fault_record record;
    begin_record(record);
    const std::string line(1000, 'x');
    for (unsigned i = 0; i < 10; ++i)
        add_to_record(record, line);
    EXPECT_TRUE(is_sound(record));
    EXPECT_EQ(std::string_view(record.text, sizeof record.text), std::string(VMNIX_FAULT_RECORD_TEXT, 'x'));
    EXPECT_EQ(record.reserved, 0u);
}

} // namespace
} // namespace vmm::test

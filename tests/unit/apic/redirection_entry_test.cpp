// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/redirection_entry.hpp"

#include <gtest/gtest.h>

namespace vmm {
namespace {

using namespace ioapic;

std::uint64_t with_mode(unsigned mode) {
    return Vector::make(0x41) | Mode::make(static_cast<DeliveryMode>(mode));
}

TEST(RedirectionEntry, OnlyVectorsPass) {
    const std::uint64_t masked = Masked::make(true);
    for (unsigned mode = 0; mode < 8; mode++) {
        EXPECT_EQ(is_entry_allowed(with_mode(mode), masked), mode <= 1) << mode;
        EXPECT_EQ(is_entry_allowed(with_mode(mode) | Remappable::mask, masked), mode == 0) << mode;
    }
}

TEST(RedirectionEntry, ExtIntOnlyWhereFoundOpen) {
    const std::uint64_t ext_int = with_mode(7);
    EXPECT_TRUE(is_entry_allowed(ext_int, ext_int));
    EXPECT_TRUE(is_entry_allowed(ext_int | Masked::mask, ext_int));
    EXPECT_FALSE(is_entry_allowed(ext_int, ext_int | Masked::mask));
    EXPECT_FALSE(is_entry_allowed(ext_int, ext_int | Remappable::mask));
    EXPECT_FALSE(is_entry_allowed(ext_int | Remappable::mask, ext_int));
    EXPECT_FALSE(is_entry_allowed(with_mode(4), with_mode(4))); // no such grace for NMI
}

TEST(RedirectionEntry, HardwareEntry) {
    const std::uint64_t entry = with_mode(0) | Level::mask | Destination::make(3);
    EXPECT_EQ(hardware_entry(entry, 0, false), entry);
    EXPECT_EQ(hardware_entry(entry, 0, true), entry | Masked::mask);
    EXPECT_EQ(hardware_entry(entry | Masked::mask, 0, false), entry | Masked::mask);
    EXPECT_EQ(hardware_entry(entry | Mode::make(DeliveryMode::Nmi), 0, false), Masked::mask);
}

} // namespace
} // namespace vmm

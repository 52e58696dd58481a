// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/ipi.hpp"

#include <bit>
#include <gtest/gtest.h>

namespace vmm {
namespace {

LapicAddress xapic(std::uint32_t id, std::uint8_t logical = 0, bool flat = true) {
    return {id, logical, flat, LapicMode::Xapic, true};
}

LapicAddress x2apic(std::uint32_t id) {
    return {id, 0, true, LapicMode::X2apic, true};
}

Ipi to(std::uint32_t destination, bool logical) {
    Ipi ipi{};
    ipi.vector = 0x40;
    ipi.destination = destination;
    ipi.logical = logical;
    return ipi;
}

TEST(Ipi, AddressPacksIntoOneWord) {
    for (LapicMode mode : {LapicMode::Disabled, LapicMode::Xapic, LapicMode::X2apic})
        for (bool flat : {false, true})
            for (bool enabled : {false, true}) {
                const LapicAddress address{0x89abcdef, 0xa5, flat, mode, enabled};
                EXPECT_EQ(LapicAddress::unpack(address.pack()), address);
            }
}

// SDM volume 3, figure "Interrupt Command Register (ICR)".
TEST(Ipi, DecodesTheXapicCommand) {
    const Ipi ipi = decode_ipi(0x1200'0000'0000'4531 | 0x8800, LapicMode::Xapic);
    EXPECT_EQ(ipi.vector, 0x31);
    EXPECT_EQ(ipi.mode, DeliveryMode::Init);
    EXPECT_TRUE(ipi.logical);
    EXPECT_TRUE(ipi.level);
    EXPECT_TRUE(ipi.asserted);
    EXPECT_EQ(ipi.shorthand, Shorthand::None);
    EXPECT_EQ(ipi.destination, 0x12u);
    EXPECT_EQ(decode_ipi(0xc0000, LapicMode::Xapic).shorthand, Shorthand::AllButSelf);
    EXPECT_EQ(decode_ipi(0x80000, LapicMode::Xapic).shorthand, Shorthand::All);
    EXPECT_EQ(decode_ipi(0x40000, LapicMode::Xapic).shorthand, Shorthand::Self);
}

TEST(Ipi, BroadcastIsTheSameInBothModes) {
    EXPECT_EQ(decode_ipi(0xff00'0000'0000'0040, LapicMode::Xapic).destination, kBroadcastDestination);
    EXPECT_EQ(decode_ipi(0xffff'ffff'0000'0040, LapicMode::X2apic).destination, kBroadcastDestination);
    // In logical mode 0xff is a set of members, not a broadcast.
    EXPECT_EQ(decode_ipi(0xff00'0000'0000'0840, LapicMode::Xapic).destination, 0xffu);
    EXPECT_EQ(decode_ipi(0x0000'00ff'0000'0040, LapicMode::X2apic).destination, 0xffu);
}

TEST(Ipi, PhysicalExhaustive) {
    for (std::uint32_t id = 0; id < 256; id++)
        for (std::uint32_t destination = 0; destination < 256; destination++) {
            const std::uint64_t command = std::uint64_t{destination} << 56 | 0x40;
            const Ipi ipi = decode_ipi(command, LapicMode::Xapic);
            ASSERT_EQ(matches(xapic(id), ipi, false), destination == 0xff || destination == id);
            ASSERT_EQ(matches(x2apic(id), to(destination, false), false), destination == id);
        }
    EXPECT_TRUE(matches(x2apic(0x12345678), to(0x12345678, false), false));
    EXPECT_TRUE(matches(x2apic(0x12345678), to(kBroadcastDestination, false), false));
    EXPECT_FALSE(matches(x2apic(0x12345678), to(0x78, false), false));
}

TEST(Ipi, FlatExhaustive) {
    for (unsigned logical = 0; logical < 256; logical++)
        for (std::uint32_t destination = 0; destination < 256; destination++) {
            bool expected = false;
            for (unsigned member = 0; member < 8; member++)
                expected |= (logical >> member & 1) && (destination >> member & 1);
            const auto id = static_cast<std::uint8_t>(logical);
            ASSERT_EQ(matches(xapic(3, id), to(destination, true), false), expected);
        }
}

TEST(Ipi, ClusterExhaustive) {
    for (unsigned logical = 0; logical < 256; logical++)
        for (std::uint32_t destination = 0; destination < 256; destination++) {
            const bool same_cluster = logical / 16 == destination / 16;
            bool member = false;
            for (unsigned n = 0; n < 4; n++)
                member |= (logical >> n & 1) && (destination >> n & 1);
            const bool expected = destination == 0xff || (same_cluster && member);
            const auto id = static_cast<std::uint8_t>(logical);
            ASSERT_EQ(matches(xapic(3, id, false), to(destination, true), false), expected);
        }
}

TEST(Ipi, X2apicClusterExhaustive) {
    EXPECT_EQ(x2apic_logical_id(0x00), 0x00000001u);
    EXPECT_EQ(x2apic_logical_id(0x25), 0x00020020u);
    EXPECT_EQ(x2apic_logical_id(0x1ff), 0x001f8000u);
    for (std::uint32_t id = 0; id < 512; id++)
        for (std::uint32_t cluster = 0; cluster < 32; cluster++)
            for (std::uint32_t members : {0u, 1u, 0x8000u, 0x5555u, 0xffffu, 1u << id % 16}) {
                const bool expected = id / 16 == cluster && (members >> id % 16 & 1);
                ASSERT_EQ(matches(x2apic(id), to(cluster << 16 | members, true), false), expected);
            }
    EXPECT_TRUE(matches(x2apic(77), to(kBroadcastDestination, true), false));
}

TEST(Ipi, ModesDoNotMistakeEachOther) {
    // An x2APIC destination with a cluster never means an xAPIC whose low bits happen to agree.
    EXPECT_FALSE(matches(xapic(0, 0x01), to(0x00010001, true), false));
    EXPECT_TRUE(matches(xapic(0, 0x01), to(kBroadcastDestination, true), false));
    EXPECT_TRUE(matches(x2apic(2), to(0x04, true), false));
}

TEST(Ipi, ShorthandsAndDisabled) {
    Ipi ipi = to(9, false);
    const LapicAddress other = xapic(1);
    for (bool is_sender : {false, true}) {
        ipi.shorthand = Shorthand::Self;
        EXPECT_EQ(matches(other, ipi, is_sender), is_sender);
        ipi.shorthand = Shorthand::All;
        EXPECT_TRUE(matches(other, ipi, is_sender));
        ipi.shorthand = Shorthand::AllButSelf;
        EXPECT_EQ(matches(other, ipi, is_sender), !is_sender);
    }
    LapicAddress off = other;
    off.mode = LapicMode::Disabled;
    for (Shorthand shorthand : {Shorthand::None, Shorthand::Self, Shorthand::All, Shorthand::AllButSelf}) {
        ipi.shorthand = shorthand;
        EXPECT_FALSE(matches(off, ipi, true));
    }
    EXPECT_FALSE(matches(off, to(1, false), false));
    EXPECT_FALSE(matches(off, to(kBroadcastDestination, true), false));
}

// SDM volume 3, table "Valid Combinations for the Pentium 4 ... Local xAPIC Interrupt Command Register".
TEST(Ipi, OnlyValidCombinationsAreSent) {
    for (unsigned mode = 0; mode < 8; mode++)
        for (unsigned shorthand = 0; shorthand < 4; shorthand++) {
            Ipi ipi{};
            ipi.mode = static_cast<DeliveryMode>(mode);
            ipi.shorthand = static_cast<Shorthand>(shorthand);
            ipi.asserted = true;
            const bool includes_self = shorthand == 1 || shorthand == 2;
            const bool exists = mode != 3 && mode != 7;
            EXPECT_EQ(is_sendable(ipi), exists && (!includes_self || mode == 0)) << mode << " " << shorthand;
        }
    Ipi init{};
    init.mode = DeliveryMode::Init;
    init.level = true;
    EXPECT_FALSE(is_sendable(init)); // de-assert
    init.asserted = true;
    EXPECT_TRUE(is_sendable(init));
    init.level = init.asserted = false; // edge
    EXPECT_TRUE(is_sendable(init));
}

} // namespace
} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/virtual_ioapic.hpp"

#include "tests/unit/apic/virtual_ioapic_fixture.hpp"

namespace vmm::test {
namespace {

class IoapicTableTest : public VirtualIoapicTest {};

TEST_P(IoapicTableTest, CaptureShowsTheTableAndChangesNothing) {
    for (unsigned pin = 0; pin < 24; pin++)
        hardware.preset(pin, kLevelEntry | Vector::make(static_cast<std::uint8_t>(0x30 + pin)) | Destination::make(1));
    capture();
    EXPECT_EQ(guard.pins(), 24u);
    for (unsigned pin = 0; pin < 24; pin++)
        EXPECT_EQ(guest_entry(pin), hardware.entry(pin));
}

TEST(VirtualIoapic, RefusesImpossibleDevices) {
    FakeIoapic large(121);
    VirtualIoapic<FakeHardware> guard;
    EXPECT_EQ(guard.capture(FakeHardware{&large}).error(), Errc::Unsupported);
    FakeIoapic largest(120);
    EXPECT_TRUE(guard.capture(FakeHardware{&largest}));
    struct Absent {
        std::uint32_t read(std::uint8_t) { return ~0u; }
        void write(std::uint8_t, std::uint32_t) {}
        void eoi(std::uint32_t) {}
    };
    VirtualIoapic<Absent> nothing;
    EXPECT_EQ(nothing.capture({}).error(), Errc::Unsupported);
}

TEST_P(IoapicTableTest, RegistersOutsideTheTable) {
    capture();
    EXPECT_EQ(guest_read(kVersionIndex), GetParam() | 23u << 16);
    guest_write(kVersionIndex, 0);
    guest_write(kIdIndex, 0xffffffff);
    EXPECT_EQ(hardware.id, 0x0f000000u);
    EXPECT_EQ(guest_read(kIdIndex), 0x0f000000u);
    const unsigned before = hardware.accesses;
    guest_write(low(24), 0);
    guest_write(0x05, 0xffffffff);
    guard.write(0x20, 0xffffffff);
    EXPECT_EQ(guest_read(low(24)), 0u);
    EXPECT_EQ(guard.read(0x40), 0u);
    EXPECT_EQ(hardware.accesses, before);
    EXPECT_EQ(guard.read(kSelectOffset), low(24));
}

// 82093AA data sheet, "IOREDTBL": delivery status and Remote IRR are read-only, bits 47:17 reserved.
TEST_P(IoapicTableTest, WritableBits) {
    capture();
    set_entry(3, ~0ull & ~Mode::mask & ~Remappable::mask);
    EXPECT_EQ(guest_entry(3), 0xfffe00000001a8ffu);
    EXPECT_EQ(hardware.entry(3), 0xfffe00000001a8ffu);
    set_entry(3, 0);
    EXPECT_EQ(guest_entry(3), 0u);
}

TEST_P(IoapicTableTest, ForbiddenModesAreShownButMasked) {
    capture();
    for (unsigned mode = 2; mode < 8; mode++)
        for (bool remappable : {false, true}) {
            const std::uint64_t entry = Mode::make(static_cast<DeliveryMode>(mode)) | Vector::make(0x41) |
                                        Remappable::make(remappable) | Destination::make(2);
            set_entry(5, Vector::make(0x41)); // an open, harmless one
            EXPECT_FALSE(hardware.is_masked(5));
            set_entry(5, entry);
            EXPECT_EQ(guest_entry(5), entry);
            EXPECT_EQ(hardware.entry(5), Masked::mask);
        }
    set_entry(5, Vector::make(0x42) | Destination::make(2));
    EXPECT_EQ(hardware.entry(5), Vector::make(0x42) | Destination::make(2));
}

TEST_P(IoapicTableTest, FormatBitAloneCanForbidAndAllow) {
    capture();
    const std::uint64_t lowest = Mode::make(DeliveryMode::LowestPriority) | Vector::make(0x41);
    set_entry(5, lowest);
    EXPECT_FALSE(hardware.is_masked(5));
    guest_write(low(5) + 1, 1u << 16);
    EXPECT_EQ(hardware.entry(5), Masked::mask);
    guest_write(low(5) + 1, 0);
    EXPECT_EQ(hardware.entry(5), lowest);
}

TEST_P(IoapicTableTest, CapturedDangersAreMaskedUntilRelease) {
    hardware.preset(1, Mode::make(DeliveryMode::Nmi));
    hardware.preset(2, Mode::make(DeliveryMode::Smi) | Destination::make(1));
    hardware.preset(3, Mode::make(DeliveryMode::ExtInt));
    hardware.allow_ext_int(3);
    capture();
    EXPECT_EQ(hardware.entry(1), Masked::mask);
    EXPECT_EQ(hardware.entry(2), Masked::mask);
    EXPECT_EQ(hardware.entry(3), Mode::make(DeliveryMode::ExtInt));
    EXPECT_EQ(guest_entry(2), Mode::make(DeliveryMode::Smi) | Destination::make(1));
    set_entry(3, Mode::make(DeliveryMode::ExtInt) | ActiveLow::mask);
    EXPECT_FALSE(hardware.is_masked(3));
    EXPECT_TRUE(hardware.violations.empty());
    guard.release();
    EXPECT_EQ(hardware.entry(2), Mode::make(DeliveryMode::Smi) | Destination::make(1));
    EXPECT_EQ(hardware.violations.size(), 2u); // handed back as they were found
    hardware.violations.clear();
}

TEST_P(IoapicTableTest, EdgePassesWithoutCeremony) {
    capture();
    set_entry(4, Vector::make(0x41) | Destination::make(1));
    hardware.set_line(4, true);
    const FakeIoapic::Message message = take();
    EXPECT_EQ(message.vector, 0x41);
    EXPECT_FALSE(message.level);
    EXPECT_FALSE(hardware.is_masked(4));
    EXPECT_FALSE(in_flight(4));
    hardware.set_line(4, false);
    hardware.set_line(4, true);
    EXPECT_EQ(hardware.messages.size(), 1u);
}

TEST_P(IoapicTableTest, ReleaseInTheRemappableFormat) {
    capture();
    hardware.remap(9, 0x51, 0);
    set_entry(9, kLevelEntry | Remappable::mask | Vector::make(9));
    hardware.set_line(9, true);
    take();
    EXPECT_TRUE(hardware.remote_irr(9));
    guard.release(); // the LAPIC's EOI does not reach it, and the guest may not have seen the interrupt yet
    EXPECT_EQ(hardware.messages.size(), 1u);
}

TEST_P(IoapicTableTest, ReleaseHandsBackTheGuestsTable) {
    capture();
    set_entry(9, kLevelEntry | Vector::make(0x51));
    set_entry(10, kLevelEntry | Vector::make(0x61));
    set_entry(11, Vector::make(0x71) | Masked::mask);
    hardware.set_line(9, true);
    hardware.set_line(10, true);
    take();
    take();
    guest_read(low(3));
    guard.release();
    EXPECT_EQ(hardware.selected(), low(3));
    for (unsigned pin = 0; pin < 24; pin++)
        EXPECT_EQ(RemoteIrr::set(hardware.entry(pin), false), guard.shadow().entry(pin));
    EXPECT_FALSE(hardware.is_masked(9));
    EXPECT_EQ(hardware.messages.size(), 2u); // both lines are asserted and nobody else remembers
}

INSTANTIATE_TEST_SUITE_P(Versions, IoapicTableTest, ::testing::Values(0x11, 0x20));

} // namespace
} // namespace vmm::test

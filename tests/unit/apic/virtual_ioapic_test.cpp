// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/virtual_ioapic.hpp"

#include "tests/unit/apic/fake_ioapic.hpp"

#include <gtest/gtest.h>

namespace vmm {
namespace {

using namespace ioapic;
using test::FakeHardware;
using test::FakeIoapic;

constexpr std::uint64_t kLevelEntry = Level::mask | ActiveLow::mask;

class VirtualIoapicTest : public ::testing::TestWithParam<std::uint8_t> {
  protected:
    VirtualIoapicTest() : hardware(24, GetParam()) {}
    ~VirtualIoapicTest() override { EXPECT_TRUE(hardware.violations.empty()); }

    void capture() { ASSERT_TRUE(guard.capture(FakeHardware{&hardware})); }
    void guest_write(std::uint8_t index, std::uint32_t value) {
        guard.write(kSelectOffset, index);
        guard.write(kWindowOffset, value);
    }
    std::uint32_t guest_read(std::uint8_t index) {
        guard.write(kSelectOffset, index);
        return guard.read(kWindowOffset);
    }
    static std::uint8_t low(unsigned pin) { return static_cast<std::uint8_t>(0x10 + 2 * pin); }
    std::uint64_t guest_entry(unsigned pin) {
        return guest_read(low(pin)) | std::uint64_t{guest_read(low(pin) + 1)} << 32;
    }
    // The order of kernels: the upper half first.
    void set_entry(unsigned pin, std::uint64_t entry) {
        guest_write(low(pin) + 1, static_cast<std::uint32_t>(entry >> 32));
        guest_write(low(pin), static_cast<std::uint32_t>(entry));
    }
    void set_masked(unsigned pin, bool masked) {
        guest_write(low(pin), static_cast<std::uint32_t>(Masked::set(guest_entry(pin), masked)));
    }
    // What the VMM does with the oldest message.
    FakeIoapic::Message take() {
        EXPECT_FALSE(hardware.messages.empty());
        const FakeIoapic::Message message = hardware.messages.front();
        hardware.messages.pop_front();
        if (message.level) {
            guard.level_arrived(message.vector);
            hardware.broadcast_eoi(message.vector);
        }
        return message;
    }
    bool in_flight(unsigned pin) { return RemoteIrr::get(guest_entry(pin)); }
    // How kernels end an interrupt at the IO-APIC itself, by version.
    void kernel_eoi(unsigned pin, std::uint8_t vector) {
        if (GetParam() >= 0x20)
            return guard.write(kEoiOffset, vector);
        const std::uint64_t entry = guest_entry(pin);
        set_entry(pin, Level::set(Masked::set(entry, true), false));
        set_entry(pin, entry);
    }

    FakeIoapic hardware;
    VirtualIoapic<FakeHardware> guard;
};

TEST_P(VirtualIoapicTest, CaptureShowsTheTableAndChangesNothing) {
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

TEST_P(VirtualIoapicTest, RegistersOutsideTheTable) {
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
TEST_P(VirtualIoapicTest, WritableBits) {
    capture();
    set_entry(3, ~0ull & ~Mode::mask & ~Remappable::mask);
    EXPECT_EQ(guest_entry(3), 0xfffe00000001a8ffu);
    EXPECT_EQ(hardware.entry(3), 0xfffe00000001a8ffu);
    set_entry(3, 0);
    EXPECT_EQ(guest_entry(3), 0u);
}

TEST_P(VirtualIoapicTest, ForbiddenModesAreShownButMasked) {
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

TEST_P(VirtualIoapicTest, FormatBitAloneCanForbidAndAllow) {
    capture();
    const std::uint64_t lowest = Mode::make(DeliveryMode::LowestPriority) | Vector::make(0x41);
    set_entry(5, lowest);
    EXPECT_FALSE(hardware.is_masked(5));
    guest_write(low(5) + 1, 1u << 16);
    EXPECT_EQ(hardware.entry(5), Masked::mask);
    guest_write(low(5) + 1, 0);
    EXPECT_EQ(hardware.entry(5), lowest);
}

TEST_P(VirtualIoapicTest, CapturedDangersAreMaskedUntilRelease) {
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

TEST_P(VirtualIoapicTest, EdgePassesWithoutCeremony) {
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

TEST_P(VirtualIoapicTest, LevelIsHeldUntilTheGuestsEoi) {
    capture();
    set_entry(9, kLevelEntry | Vector::make(0x51));
    hardware.set_line(9, true);
    take();
    EXPECT_TRUE(hardware.is_masked(9));
    EXPECT_TRUE(hardware.messages.empty()); // no storm
    EXPECT_TRUE(in_flight(9));
    EXPECT_FALSE(Masked::get(guest_entry(9)));
    guard.guest_eoi(0x50);
    EXPECT_TRUE(in_flight(9));
    hardware.set_line(9, false);
    guard.guest_eoi(0x51);
    EXPECT_FALSE(hardware.is_masked(9));
    EXPECT_FALSE(in_flight(9));
    EXPECT_TRUE(hardware.messages.empty());
    hardware.set_line(9, true);
    take();
    guard.guest_eoi(0x51); // still asserted: comes again
    EXPECT_EQ(hardware.messages.size(), 1u);
}

TEST_P(VirtualIoapicTest, TwoPinsOnOneVector) {
    capture();
    set_entry(9, kLevelEntry | Vector::make(0x51));
    set_entry(10, kLevelEntry | Vector::make(0x51));
    hardware.set_line(9, true);
    take();
    EXPECT_FALSE(hardware.is_masked(10));
    hardware.set_line(10, true);
    take();
    EXPECT_TRUE(hardware.is_masked(10));
    hardware.set_line(9, false);
    guard.guest_eoi(0x51); // the hardware, too, knows only the vector
    ASSERT_EQ(hardware.messages.size(), 1u);
    EXPECT_EQ(take().pin, 10u);
    EXPECT_FALSE(hardware.is_masked(9));
}

TEST_P(VirtualIoapicTest, BothPinsAssertedAtOnce) {
    capture();
    set_entry(9, kLevelEntry | Vector::make(0x51));
    set_entry(10, kLevelEntry | Vector::make(0x51));
    hardware.set_line(9, true);
    hardware.set_line(10, true);
    hardware.messages.clear(); // one vector in one IRR: two messages are one interrupt
    EXPECT_EQ(guard.level_arrived(0x51), 2u);
    hardware.broadcast_eoi(0x51);
    hardware.set_line(9, false);
    guard.guest_eoi(0x51);
    ASSERT_EQ(hardware.messages.size(), 1u);
    EXPECT_EQ(hardware.messages.front().pin, 10u);
}

TEST_P(VirtualIoapicTest, MaskedWhileInFlight) {
    capture();
    set_entry(9, kLevelEntry | Vector::make(0x51));
    hardware.set_line(9, true);
    take();
    set_masked(9, true);
    EXPECT_TRUE(Masked::get(guest_entry(9)));
    guard.guest_eoi(0x51);
    EXPECT_TRUE(hardware.is_masked(9)); // by the guest now
    EXPECT_FALSE(in_flight(9));
    set_masked(9, false);
    EXPECT_EQ(hardware.messages.size(), 1u);
    take();
    set_masked(9, true);
    set_masked(9, false);
    EXPECT_TRUE(hardware.is_masked(9)); // by the VMM still
    guard.guest_eoi(0x51);
    EXPECT_FALSE(hardware.is_masked(9));
}

TEST_P(VirtualIoapicTest, MaskedOnItsWay) {
    capture();
    set_entry(9, kLevelEntry | Vector::make(0x51));
    hardware.set_line(9, true);
    set_masked(9, true); // another CPU is faster than the message
    take();
    EXPECT_TRUE(in_flight(9));
    set_masked(9, false);
    EXPECT_TRUE(hardware.messages.empty());
    guard.guest_eoi(0x51);
    EXPECT_EQ(hardware.messages.size(), 1u);
}

TEST_P(VirtualIoapicTest, AffinityChangesInFlight) {
    capture();
    set_entry(9, kLevelEntry | Vector::make(0x51) | Destination::make(0));
    hardware.set_line(9, true);
    take();
    set_masked(9, true);
    set_entry(9, kLevelEntry | Vector::make(0x61) | Destination::make(1) | Masked::mask);
    set_masked(9, false);
    EXPECT_TRUE(hardware.is_masked(9));
    guard.guest_eoi(0x51); // the old vector ends
    EXPECT_FALSE(guard.shadow().is_held(9));
    ASSERT_EQ(hardware.messages.size(), 1u);
    const FakeIoapic::Message message = take();
    EXPECT_EQ(message.vector, 0x61);
    EXPECT_EQ(message.cpu, 1);
    hardware.set_line(9, false);
    guard.guest_eoi(0x61);
    EXPECT_FALSE(hardware.is_masked(9));
    EXPECT_FALSE(hardware.remote_irr(9));
}

TEST_P(VirtualIoapicTest, VectorChangesBeforeTheMessageIsTaken) {
    capture();
    set_entry(9, kLevelEntry | Vector::make(0x51));
    hardware.set_line(9, true);
    set_entry(9, kLevelEntry | Vector::make(0x61));
    EXPECT_TRUE(hardware.remote_irr(9)); // the EOI for 0x51 will miss it
    EXPECT_EQ(take().vector, 0x51);
    EXPECT_TRUE(hardware.is_masked(9));
    guard.guest_eoi(0x51);
    ASSERT_EQ(hardware.messages.size(), 1u);
    EXPECT_EQ(take().vector, 0x61);
    guard.guest_eoi(0x61);
    hardware.messages.clear();
    hardware.set_line(9, false);
}

// Vector-parametrised end of interrupt by hand, as kernels do when the LAPIC saw an edge, or on another CPU.
TEST_P(VirtualIoapicTest, EndedAtTheIoapicItself) {
    capture();
    set_entry(9, kLevelEntry | Vector::make(0x51));
    hardware.set_line(9, true);
    take();
    hardware.set_line(9, false);
    kernel_eoi(9, 0x51);
    EXPECT_FALSE(in_flight(9));
    EXPECT_FALSE(hardware.is_masked(9));
    EXPECT_EQ(guest_entry(9), kLevelEntry | Vector::make(0x51));
    guard.guest_eoi(0x51); // may still come
    hardware.set_line(9, true);
    EXPECT_EQ(hardware.messages.size(), 1u);
    take();
    kernel_eoi(9, 0x51); // asserted still
    EXPECT_EQ(hardware.messages.size(), 1u);
}

// A kernel that takes over a table and finds Remote IRR set on a masked pin ends it before it uses the pin.
TEST_P(VirtualIoapicTest, ClearingAPinForGood) {
    capture();
    set_entry(9, kLevelEntry | Vector::make(0x51));
    hardware.set_line(9, true);
    take();
    set_masked(9, true);
    kernel_eoi(9, 0x51);
    set_entry(9, Masked::mask);
    EXPECT_EQ(guest_entry(9), Masked::mask);
    EXPECT_EQ(hardware.entry(9), Masked::mask);
}

TEST_P(VirtualIoapicTest, EoiRegisterOnlyWhereItExists) {
    capture();
    set_entry(9, kLevelEntry | Vector::make(0x51));
    hardware.set_line(9, true);
    take();
    guard.write(kEoiOffset, 0x52);
    EXPECT_TRUE(in_flight(9));
    hardware.set_line(9, false);
    guard.write(kEoiOffset, 0x51);
    EXPECT_EQ(in_flight(9), GetParam() < 0x20);
}

TEST_P(VirtualIoapicTest, RemappableFormat) {
    capture();
    const std::uint64_t entry = kLevelEntry | Remappable::mask | RemapIndexLow::make(7);
    set_entry(16, entry | Vector::make(16)); // kernels put the pin there
    set_entry(17, entry | Vector::make(17));
    hardware.remap(16, 0x51, 0);
    hardware.remap(17, 0x61, 1);
    hardware.set_line(16, true);
    hardware.set_line(17, true);
    take(); // two candidates: which one it was cannot be told
    EXPECT_TRUE(hardware.is_masked(16));
    EXPECT_TRUE(hardware.is_masked(17));
    take();
    hardware.set_line(16, false);
    guard.guest_eoi(0x51);
    kernel_eoi(16, 16);
    EXPECT_TRUE(hardware.messages.empty()); // pin 17 waits for its own end
    guard.guest_eoi(0x61);
    kernel_eoi(17, 17);
    EXPECT_FALSE(in_flight(16));
    ASSERT_EQ(hardware.messages.size(), 1u);
    EXPECT_EQ(hardware.messages.front().vector, 0x61);
}

// A pin held on suspicion goes free with the one that was meant, even if the LAPIC's EOI is not broadcast.
TEST_P(VirtualIoapicTest, CompanionsInTheRemappableFormat) {
    capture();
    for (unsigned pin : {16u, 17u}) {
        hardware.remap(pin, static_cast<std::uint8_t>(0x41 + 16 * (pin - 16)), 0);
        set_entry(pin, kLevelEntry | Remappable::mask | Vector::make(static_cast<std::uint8_t>(pin)));
        hardware.set_line(pin, true);
    }
    EXPECT_EQ(guard.level_arrived(0x41), 2u);
    hardware.set_line(16, false);
    kernel_eoi(16, 16);
    EXPECT_FALSE(guard.shadow().is_held(17));
    EXPECT_FALSE(hardware.is_masked(17));
}

TEST_P(VirtualIoapicTest, EoiOfTheEntrysVectorEndsAnOldOne) {
    capture();
    set_entry(9, kLevelEntry | Vector::make(0x51));
    hardware.set_line(9, true);
    take();
    set_entry(9, kLevelEntry | Vector::make(0x61));
    guard.guest_eoi(0x61); // the kernel raised it again on another CPU, under its new vector
    EXPECT_FALSE(guard.shadow().is_held(9));
    ASSERT_EQ(hardware.messages.size(), 1u);
    EXPECT_EQ(take().vector, 0x61);
}

TEST_P(VirtualIoapicTest, RefusedPinsWaitForTheGuestToCare) {
    capture();
    const auto refuse = [&](std::uint64_t entry) {
        hardware.set_line(9, false);
        hardware.messages.clear();
        set_entry(9, Masked::mask);
        set_entry(9, entry);
        hardware.set_line(9, true);
        int tries = 0;
        for (; !hardware.messages.empty(); tries++) {
            ASSERT_LT(tries, 20) << "a storm";
            guard.level_refused(take().vector);
        }
        EXPECT_GT(tries, 2);
        EXPECT_TRUE(guard.shadow().is_refused(9));
    };
    hardware.remap(9, 0x71, 0);
    for (std::uint64_t format : {std::uint64_t{0}, Remappable::mask}) {
        const std::uint64_t entry = kLevelEntry | Vector::make(0x51) | format;
        refuse(entry);
        set_entry(9, entry | ActiveLow::mask);
        EXPECT_EQ(hardware.messages.size(), 1u);
        refuse(entry);
        guest_write(low(9) + 1, static_cast<std::uint32_t>(entry >> 32));
        guest_write(low(9), static_cast<std::uint32_t>(entry));
        EXPECT_EQ(hardware.messages.size(), 1u);
        refuse(entry);
        guard.retry_refused();
        EXPECT_EQ(hardware.messages.size(), 1u);
        refuse(entry);
        kernel_eoi(9, 0x51);
        EXPECT_EQ(hardware.messages.size(), 1u);
        refuse(entry);
        guard.level_refused(0x99);
        guard.guest_eoi(format == 0 ? 0x51 : 0x71); // the same vector on another CPU, which took it
        EXPECT_EQ(hardware.messages.size(), 1u);
    }
}

TEST_P(VirtualIoapicTest, RefusedByTheOldCpuTakenByTheNew) {
    capture();
    set_entry(9, kLevelEntry | Vector::make(0x51) | Destination::make(1));
    hardware.set_line(9, true);
    set_masked(9, true); // CPU 1 goes offline and its interrupts move, this one being on its way
    set_entry(9, kLevelEntry | Vector::make(0x61) | Destination::make(0));
    EXPECT_EQ(take().cpu, 1);
    guard.level_refused(0x51);
    ASSERT_EQ(hardware.messages.size(), 1u);
    EXPECT_EQ(take().cpu, 0);
    hardware.set_line(9, false);
    guard.guest_eoi(0x61);
    EXPECT_FALSE(hardware.is_masked(9));
}

TEST_P(VirtualIoapicTest, ReleaseInTheRemappableFormat) {
    capture();
    hardware.remap(9, 0x51, 0);
    set_entry(9, kLevelEntry | Remappable::mask | Vector::make(9));
    hardware.set_line(9, true);
    take();
    EXPECT_TRUE(hardware.remote_irr(9));
    guard.release(); // the LAPIC's EOI does not reach it, and the guest may not have seen the interrupt yet
    EXPECT_EQ(hardware.messages.size(), 1u);
}

TEST_P(VirtualIoapicTest, ReleaseHandsBackTheGuestsTable) {
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

TEST_P(VirtualIoapicTest, HotPathIsShort) {
    capture();
    set_entry(9, kLevelEntry | Vector::make(0x51));
    set_entry(10, kLevelEntry | Vector::make(0x61));
    hardware.set_line(9, true);
    hardware.accesses = 0;
    guard.level_arrived(0x51);
    EXPECT_EQ(hardware.accesses, 2u); // ask the one candidate, mask it
    hardware.broadcast_eoi(0x51);
    hardware.accesses = 0;
    guard.guest_eoi(0x51);
    EXPECT_EQ(hardware.accesses, 1u);
    guard.guest_eoi(0x51);
    EXPECT_EQ(hardware.accesses, 1u);
}

INSTANTIATE_TEST_SUITE_P(Versions, VirtualIoapicTest, ::testing::Values(0x11, 0x20));

} // namespace
} // namespace vmm

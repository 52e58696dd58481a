// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/apic/virtual_ioapic.hpp"

#include "tests/unit/apic/virtual_ioapic_fixture.hpp"

namespace vmm::test {
namespace {

class IoapicLevelTest : public VirtualIoapicTest {};

TEST_P(IoapicLevelTest, LevelIsHeldUntilTheGuestsEoi) {
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

TEST_P(IoapicLevelTest, TwoPinsOnOneVector) {
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

TEST_P(IoapicLevelTest, BothPinsAssertedAtOnce) {
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

TEST_P(IoapicLevelTest, MaskedWhileInFlight) {
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

TEST_P(IoapicLevelTest, MaskedOnItsWay) {
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

TEST_P(IoapicLevelTest, AffinityChangesInFlight) {
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

TEST_P(IoapicLevelTest, VectorChangesBeforeTheMessageIsTaken) {
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
TEST_P(IoapicLevelTest, EndedAtTheIoapicItself) {
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
TEST_P(IoapicLevelTest, ClearingAPinForGood) {
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

TEST_P(IoapicLevelTest, EoiRegisterOnlyWhereItExists) {
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

TEST_P(IoapicLevelTest, RemappableFormat) {
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
TEST_P(IoapicLevelTest, CompanionsInTheRemappableFormat) {
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

TEST_P(IoapicLevelTest, EoiOfTheEntrysVectorEndsAnOldOne) {
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

TEST_P(IoapicLevelTest, RefusedPinsWaitForTheGuestToCare) {
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

TEST_P(IoapicLevelTest, RefusedByTheOldCpuTakenByTheNew) {
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

TEST_P(IoapicLevelTest, HotPathIsShort) {
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

INSTANTIATE_TEST_SUITE_P(Versions, IoapicLevelTest, ::testing::Values(0x11, 0x20));

} // namespace
} // namespace vmm::test

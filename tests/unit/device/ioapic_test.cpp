// SPDX-License-Identifier: GPL-2.0-only
// Sections are those of the 82093AA data sheet.
#include "vmm/device/ioapic.hpp"

#include <gtest/gtest.h>

namespace vmm::device {
namespace {

using namespace ioapic;

class IoapicTest : public testing::Test {
  protected:
    std::uint32_t in(unsigned index) {
        chip.write(kSelectOffset, index);
        return chip.read(kWindowOffset);
    }
    void out(unsigned index, std::uint32_t value) {
        chip.write(kSelectOffset, index);
        chip.write(kWindowOffset, value);
    }
    void set_entry(unsigned pin, std::uint64_t entry) {
        out(low(pin) + 1, static_cast<std::uint32_t>(entry >> 32));
        out(low(pin), static_cast<std::uint32_t>(entry));
    }
    std::uint64_t entry(unsigned pin) { return in(low(pin)) | std::uint64_t{in(low(pin) + 1)} << 32; }
    static unsigned low(unsigned pin) { return kFirstEntryIndex + 2 * pin; }
    // The vector of the next message, 0 if there is none.
    unsigned take() {
        message = {};
        const bool announced = chip.has_message();
        EXPECT_EQ(announced, chip.take_message(message));
        return message.vector;
    }
    void pulse(unsigned pin) {
        chip.set_line(pin, true);
        chip.set_line(pin, false);
    }
    Ioapic chip;
    Ipi message{};
};

// 3.1, 3.2: registers; the version has the later EOI register.
TEST_F(IoapicTest, Registers) {
    EXPECT_EQ(in(kVersionIndex), 0x00170020u);
    EXPECT_EQ(chip.read(kSelectOffset), kVersionIndex);
    out(kVersionIndex, 0);
    EXPECT_EQ(in(kVersionIndex), 0x00170020u);
    out(kIdIndex, 0xffffffff);
    EXPECT_EQ(in(kIdIndex), 0x0f000000u);
    EXPECT_EQ(in(kArbitrationIndex), 0x0f000000u);
    for (unsigned pin = 0; pin < Ioapic::kPins; pin++)
        EXPECT_EQ(entry(pin), Masked::mask);
    set_entry(3, ~0ull);
    EXPECT_EQ(entry(3), 0xff0000000001afffu);
    for (unsigned index : {3u, 0x0fu, 0x40u, 0xffu}) {
        out(index, 0xffffffff);
        EXPECT_EQ(in(index), 0u);
    }
    EXPECT_EQ(chip.read(kEoiOffset), 0u);
    EXPECT_EQ(chip.read(0x20), 0u);
}

TEST_F(IoapicTest, EdgeIsOneMessage) {
    set_entry(4, Vector::make(0x34) | Destination::make(2));
    chip.set_line(4, true);
    EXPECT_EQ(take(), 0x34u);
    EXPECT_EQ(message, (Ipi{2, 0x34, DeliveryMode::Fixed, Shorthand::None, false, false, true}));
    EXPECT_EQ(take(), 0u);
    chip.set_line(4, true);
    EXPECT_EQ(take(), 0u);
    chip.set_line(4, false);
    EXPECT_EQ(take(), 0u);
    pulse(4);
    pulse(4); // before it was sent: one
    EXPECT_EQ(take(), 0x34u);
    EXPECT_EQ(take(), 0u);
}

// 3.2.4, bit 16: an edge at a masked pin is ignored.
TEST_F(IoapicTest, MaskedEdgeIsLost) {
    set_entry(4, Masked::make(true) | Vector::make(0x34));
    chip.set_line(4, true);
    set_entry(4, Vector::make(0x34));
    EXPECT_EQ(take(), 0u);
    chip.set_line(4, false);
    pulse(4); // not yet sent
    set_entry(4, Masked::make(true) | Vector::make(0x34));
    EXPECT_EQ(take(), 0u);
    set_entry(4, Vector::make(0x34));
    EXPECT_EQ(take(), 0u);
}

TEST_F(IoapicTest, LevelWaitsForItsEoi) {
    set_entry(9, Vector::make(0x39) | Level::make(true));
    chip.set_line(9, true);
    EXPECT_EQ(take(), 0x39u);
    EXPECT_TRUE(message.level);
    EXPECT_TRUE(chip.is_in_flight(9));
    EXPECT_TRUE(RemoteIrr::get(entry(9)));
    EXPECT_EQ(take(), 0u);
    chip.eoi(0x38);
    EXPECT_EQ(take(), 0u);
    chip.eoi(0x39);
    EXPECT_EQ(take(), 0x39u); // still asserted
    chip.set_line(9, false);
    chip.write(kEoiOffset, 0x39);
    EXPECT_FALSE(RemoteIrr::get(entry(9)));
    EXPECT_EQ(take(), 0u);
    chip.set_line(9, true);
    EXPECT_EQ(take(), 0x39u);
}

TEST_F(IoapicTest, MaskedLevelWaits) {
    chip.set_line(9, true);
    set_entry(9, Masked::make(true) | Vector::make(0x39) | Level::make(true));
    EXPECT_EQ(take(), 0u);
    set_entry(9, Vector::make(0x39) | Level::make(true));
    EXPECT_EQ(take(), 0x39u);
    set_entry(9, Masked::make(true) | Vector::make(0x39) | Level::make(true));
    EXPECT_TRUE(RemoteIrr::get(entry(9))); // a mask does not end it
    chip.eoi(0x39);
    EXPECT_EQ(take(), 0u);
}

// How kernels before the EOI register end an interrupt that has no LAPIC any more.
TEST_F(IoapicTest, EdgeModeForgetsRemoteIrr) {
    set_entry(9, Vector::make(0x39) | Level::make(true));
    chip.set_line(9, true);
    take();
    set_entry(9, Vector::make(0x39) | Masked::make(true));
    EXPECT_FALSE(RemoteIrr::get(entry(9)));
    set_entry(9, Vector::make(0x39) | Level::make(true));
    EXPECT_EQ(take(), 0x39u);
}

TEST_F(IoapicTest, TwoPinsOnOneVector) {
    for (unsigned pin : {9u, 10u}) {
        set_entry(pin, Vector::make(0x51) | Level::make(true));
        chip.set_line(pin, true);
    }
    EXPECT_EQ(take(), 0x51u);
    EXPECT_EQ(take(), 0x51u);
    chip.set_line(9, false);
    chip.eoi(0x51);
    EXPECT_EQ(take(), 0x51u);
    EXPECT_FALSE(chip.is_in_flight(9));
    EXPECT_TRUE(chip.is_in_flight(10));
}

TEST_F(IoapicTest, Destinations) {
    set_entry(1, Vector::make(0x31) | Destination::make(0xff));
    pulse(1);
    take();
    EXPECT_EQ(message.destination, kBroadcastDestination);
    set_entry(1, Vector::make(0x31) | Destination::make(0xff) | Logical::make(true) |
                     Mode::make(DeliveryMode::LowestPriority));
    pulse(1);
    take();
    EXPECT_EQ(message, (Ipi{0xff, 0x31, DeliveryMode::LowestPriority, Shorthand::None, true, false, true}));
}

// 3.2.4, bits 10:8. Only vectors are level-triggered.
TEST_F(IoapicTest, DeliveryModes) {
    for (unsigned mode = 0; mode < 8; mode++) {
        const auto delivery = static_cast<DeliveryMode>(mode);
        set_entry(5, Masked::make(true));
        set_entry(5, Vector::make(0x35) | Mode::make(delivery) | Level::make(true));
        chip.set_line(5, true);
        const bool sent = take() != 0;
        const bool expected = delivery == DeliveryMode::Fixed || delivery == DeliveryMode::LowestPriority ||
                              delivery == DeliveryMode::Nmi || delivery == DeliveryMode::ExtInt;
        EXPECT_EQ(sent, expected) << mode;
        EXPECT_EQ(chip.is_in_flight(5), mode < 2);
        if (sent) {
            EXPECT_EQ(message.mode, delivery);
            EXPECT_EQ(message.level, mode < 2);
        }
        EXPECT_EQ(take(), 0u);
        EXPECT_EQ(Mode::get(entry(5)), delivery);
        chip.set_line(5, false);
    }
}

TEST_F(IoapicTest, LowerPinsFirst) {
    for (unsigned pin = 0; pin < Ioapic::kPins; pin++)
        set_entry(pin, Vector::make(static_cast<std::uint8_t>(0x30 + pin)));
    for (unsigned pin = Ioapic::kPins; pin-- > 0;)
        pulse(pin);
    for (unsigned pin = 0; pin < Ioapic::kPins; pin++)
        EXPECT_EQ(take(), 0x30 + pin);
    EXPECT_EQ(take(), 0u);
}

TEST_F(IoapicTest, ResetKeepsTheLines) {
    set_entry(9, Vector::make(0x39) | Level::make(true));
    chip.set_line(9, true);
    take();
    chip.reset();
    EXPECT_EQ(entry(9), Masked::mask);
    set_entry(9, Vector::make(0x39) | Level::make(true));
    EXPECT_EQ(take(), 0x39u);
}

} // namespace
} // namespace vmm::device

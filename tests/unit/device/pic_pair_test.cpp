// SPDX-License-Identifier: GPL-2.0-only
// Sections are those of the 8259A data sheet.
#include "vmm/device/pic_pair.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace vmm::device {
namespace {

constexpr std::uint8_t kEoi = 0x20, kReadIrr = 0x0a, kReadIsr = 0x0b, kPoll = 0x0c;

class PicTest : public testing::Test {
  protected:
    // As Linux does: vectors 0x30 and 0x38.
    void initialize(unsigned icw4 = 0x01) {
        pic.write_first(0, 0x11);
        pic.write_first(1, 0x30);
        pic.write_first(1, 0x04);
        pic.write_first(1, static_cast<std::uint8_t>(icw4));
        pic.write_second(0, 0x11);
        pic.write_second(1, 0x38);
        pic.write_second(1, 0x02);
        pic.write_second(1, static_cast<std::uint8_t>(icw4));
    }
    void pulse(unsigned line) {
        pic.set_line(line, true);
        pic.set_line(line, false);
    }
    std::uint8_t irr() {
        pic.write_first(0, kReadIrr);
        return pic.read_first(0);
    }
    std::uint8_t isr() {
        pic.write_first(0, kReadIsr);
        return pic.read_first(0);
    }
    std::uint8_t second_isr() {
        pic.write_second(0, kReadIsr);
        return pic.read_second(0);
    }
    // Vectors that come without an EOI.
    std::vector<unsigned> drain() {
        std::vector<unsigned> vectors;
        while (pic.intr() && vectors.size() < 20)
            vectors.push_back(pic.acknowledge());
        return vectors;
    }
    PicPair pic;
};

using Vectors = std::vector<unsigned>;

TEST_F(PicTest, EachLineHasItsVector) {
    initialize();
    for (unsigned line = 0; line < 16; line++) {
        if (line == 2)
            continue;
        pic.set_line(line, true);
        ASSERT_TRUE(pic.intr()) << line;
        EXPECT_EQ(pic.acknowledge(), 0x30 + line);
        EXPECT_FALSE(pic.intr());
        EXPECT_EQ(isr(), line < 8 ? 1u << line : 0x04);
        EXPECT_EQ(second_isr(), line < 8 ? 0 : 1u << (line - 8));
        if (line >= 8)
            pic.write_second(0, kEoi);
        pic.write_first(0, kEoi);
        EXPECT_FALSE(pic.intr()); // the edge is over
        pic.set_line(line, false);
        EXPECT_EQ(isr() | second_isr() | irr(), 0);
    }
}

// "Fully Nested Mode"
TEST_F(PicTest, HigherPrioritiesInterruptLowerOnes) {
    initialize();
    pulse(4);
    EXPECT_EQ(drain(), Vectors{0x34});
    pulse(5);
    EXPECT_EQ(drain(), Vectors{});
    pulse(4);
    EXPECT_EQ(drain(), Vectors{});
    pulse(3);
    EXPECT_EQ(drain(), Vectors{0x33});
    pic.write_first(0, kEoi); // ends 3, the highest
    EXPECT_EQ(isr(), 0x10);
    EXPECT_EQ(drain(), Vectors{});
    pic.write_first(0, 0x64); // specific: 4
    EXPECT_EQ(drain(), Vectors{0x34});
    pic.write_first(0, kEoi);
    EXPECT_EQ(drain(), Vectors{0x35});
}

TEST_F(PicTest, MaskedRequestsWait) {
    initialize();
    pic.write_first(1, 0x02);
    EXPECT_EQ(pic.read_first(1), 0x02);
    pulse(1);
    EXPECT_EQ(irr(), 0x02);
    EXPECT_FALSE(pic.intr());
    pic.write_first(1, 0);
    EXPECT_EQ(drain(), Vectors{0x31});
}

// "Initialization Command Words 1 and 2"
TEST_F(PicTest, InitializationForgets) {
    initialize();
    pic.write_first(1, 0xff);
    pic.write_first(0, kReadIsr);
    pic.set_line(1, true);
    pic.write_first(0, 0xc3); // priority: 3 is the lowest
    initialize();
    EXPECT_EQ(pic.read_first(1), 0);
    EXPECT_EQ(pic.read_first(0), 0); // IRR: the line must rise again
    pic.set_line(1, false);
    pulse(1);
    pulse(4);
    EXPECT_EQ(drain(), Vectors{0x31}); // 0 is the highest again
}

TEST_F(PicTest, InitializationWithoutTheFourthWord) {
    pic.write_first(0, 0x10);
    pic.write_first(1, 0x57);
    pic.write_first(1, 0x04);
    pic.write_first(1, 0x80); // OCW1 already
    EXPECT_EQ(pic.read_first(1), 0x80);
    pulse(3);
    EXPECT_EQ(pic.acknowledge(), 0x53);
    pic.write_first(0, 0x12); // single: no third word
    pic.write_first(1, 0x60);
    pic.write_first(1, 0x40);
    EXPECT_EQ(pic.read_first(1), 0x40);
}

// "Automatic End of Interrupt (AEOI) Mode", "Automatic Rotation"
TEST_F(PicTest, AutomaticEnd) {
    initialize(0x03);
    pulse(4);
    pulse(5);
    EXPECT_EQ(drain(), (Vectors{0x34, 0x35}));
    EXPECT_EQ(isr(), 0);
    pic.write_first(0, 0x80); // rotate in AEOI mode
    pulse(4);
    EXPECT_EQ(drain(), Vectors{0x34});
    pulse(4);
    pulse(5);
    pulse(3);
    EXPECT_EQ(drain(), (Vectors{0x35, 0x33, 0x34}));
    pic.write_first(0, 0x00);
    pulse(4);
    pulse(6);
    EXPECT_EQ(drain(), (Vectors{0x36, 0x34})); // as it was: 4 is the lowest
}

// "Specific Rotation", and rotation by both EOIs
TEST_F(PicTest, Rotation) {
    initialize();
    pic.write_first(0, 0xc5); // 5 is the lowest, 6 the highest
    pulse(0);
    EXPECT_EQ(drain(), Vectors{0x30});
    pulse(6);
    EXPECT_EQ(drain(), Vectors{0x36});
    pic.write_first(0, 0xa0); // ends 6, now the lowest
    EXPECT_EQ(isr(), 0x01);
    pulse(6);
    EXPECT_EQ(drain(), Vectors{});
    pulse(7);
    EXPECT_EQ(drain(), Vectors{0x37});
    pic.write_first(0, 0xe0); // ends 0 by name, now the lowest
    EXPECT_EQ(isr(), 0x80);
    pulse(1);
    EXPECT_EQ(drain(), Vectors{0x31});
    pic.write_first(0, 0x40); // no operation
    EXPECT_EQ(isr(), 0x82);
}

// "Special Mask Mode"
TEST_F(PicTest, SpecialMask) {
    initialize();
    pulse(4);
    EXPECT_EQ(drain(), Vectors{0x34});
    pic.write_first(1, 0x10);
    pulse(6);
    EXPECT_EQ(drain(), Vectors{});
    pic.write_first(0, 0x68);
    EXPECT_EQ(drain(), Vectors{0x36});
    pic.write_first(0, kEoi); // not 4, which is masked
    EXPECT_EQ(isr(), 0x10);
    pic.write_first(0, kEoi);
    EXPECT_EQ(isr(), 0x10);
    pic.write_first(0, 0x48);
    pulse(6);
    EXPECT_EQ(drain(), Vectors{});
    pic.write_first(0, kEoi);
    EXPECT_EQ(isr(), 0);
}

// "Poll Command"
TEST_F(PicTest, Poll) {
    initialize();
    pic.write_first(0, kPoll);
    EXPECT_EQ(pic.read_first(0), 0);
    pulse(5);
    pulse(3);
    pic.write_first(0, kPoll);
    EXPECT_EQ(pic.read_first(1), 0x83);
    EXPECT_EQ(isr(), 0x08);
    EXPECT_EQ(pic.read_first(1), 0); // one read only
    pulse(10);
    pic.write_second(0, kPoll);
    EXPECT_EQ(pic.read_second(0), 0x82);
    EXPECT_EQ(second_isr(), 0x04);
    EXPECT_FALSE(pic.intr());
}

// "Edge and Level Triggered Modes": the default IR7. Neither comes into service, but the cascade does.
TEST_F(PicTest, Spurious) {
    initialize();
    EXPECT_EQ(pic.acknowledge(), 0x37);
    EXPECT_EQ(isr(), 0);
    pic.write_trigger(1, 0x02);
    pic.set_line(9, true);
    EXPECT_TRUE(pic.intr());
    pic.set_line(9, false);
    EXPECT_FALSE(pic.intr());
    EXPECT_EQ(pic.acknowledge(), 0x37);
    pulse(12);
    pic.write_second(1, 0x10);
    EXPECT_EQ(pic.acknowledge(), 0x37);
    EXPECT_EQ(isr() | second_isr(), 0);
}

// The edge/level registers of the chipset.
TEST_F(PicTest, LevelTriggered) {
    pic.write_trigger(0, 0xff);
    pic.write_trigger(1, 0xff);
    EXPECT_EQ(pic.read_trigger(0), 0xf8);
    EXPECT_EQ(pic.read_trigger(1), 0xde);
    initialize(); // leaves them
    pic.set_line(9, true);
    EXPECT_EQ(drain(), Vectors{0x39});
    pic.write_second(0, kEoi);
    EXPECT_FALSE(pic.intr());
    pic.write_first(0, kEoi);
    EXPECT_EQ(drain(), Vectors{0x39}); // still asserted
    pic.set_line(9, false);
    pic.write_second(0, kEoi);
    pic.write_first(0, kEoi);
    EXPECT_EQ(drain(), Vectors{});
    pic.set_line(5, true);
    pic.write_trigger(0, 0);
    EXPECT_FALSE(pic.intr()); // by its edge it has none
    pic.write_trigger(1, 0x08);
    pic.set_line(11, true);
    EXPECT_TRUE(pic.intr());
    pic.write_trigger(1, 0);
    EXPECT_FALSE(pic.intr());
}

// "The Special Fully Nested Mode": a second controller's higher priority interrupts its lower one.
TEST_F(PicTest, CascadeNesting) {
    initialize();
    pulse(12);
    EXPECT_EQ(drain(), Vectors{0x3c});
    pulse(9);
    EXPECT_EQ(drain(), Vectors{});
    pic.write_second(0, kEoi);
    pic.write_first(0, kEoi);
    EXPECT_EQ(drain(), Vectors{0x39});
    initialize(0x11);
    pulse(12);
    EXPECT_EQ(drain(), Vectors{0x3c});
    pulse(14);
    EXPECT_EQ(drain(), Vectors{});
    pulse(9);
    EXPECT_EQ(drain(), Vectors{0x39});
    pulse(1);
    EXPECT_EQ(drain(), Vectors{0x31});
}

// A request that comes while the second controller still waits for its acknowledge.
TEST_F(PicTest, SecondControllersRequestsQueue) {
    initialize(0x03);
    pulse(14);
    pulse(9);
    pulse(11);
    EXPECT_EQ(drain(), (Vectors{0x39, 0x3b, 0x3e}));
}

TEST_F(PicTest, WhoIsMaskedOrRequested) {
    initialize();
    pic.write_first(1, 0x01);
    pic.write_second(1, 0x80);
    EXPECT_TRUE(pic.is_masked(0));
    EXPECT_FALSE(pic.is_masked(1));
    EXPECT_TRUE(pic.is_masked(15));
    EXPECT_FALSE(pic.is_masked(8));
    pic.write_first(1, 0x04);
    EXPECT_TRUE(pic.is_masked(8));
    EXPECT_FALSE(pic.is_requested(8));
    pulse(8);
    EXPECT_TRUE(pic.is_requested(8));
}

} // namespace
} // namespace vmm::device

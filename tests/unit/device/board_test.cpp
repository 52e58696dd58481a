// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/device/board.hpp"

#include "tests/unit/device/board_fixture.hpp"

#include <type_traits>

namespace vmm::device::test {
namespace {

[[maybe_unused]] constinit Board g_constant; // no constructor runs at start
static_assert(std::is_trivially_copyable_v<Board>);

TEST_F(BoardTest, AbsentPortsReadOnes) {
    constexpr unsigned absent[] = {0x00,  0x1f,  0x22,  0x3f,  0x44,  0x60,  0x80,  0x87,  0x170, 0x1f0,
                                   0x2e8, 0x2f8, 0x3f6, 0x400, 0x5ff, 0x60c, 0xcf7, 0xd00, 0xfff, 0xffff};
    for (unsigned port : absent)
        for (unsigned size : {1u, 2u, 4u}) {
            const PortRead read = board.read(static_cast<std::uint16_t>(port), size, 0);
            EXPECT_EQ(read.value, size == 4 ? ~0u : (1u << 8 * size) - 1) << port;
            EXPECT_FALSE(read.known);
            EXPECT_FALSE(board.write(static_cast<std::uint16_t>(port), size, 0, 0));
        }
}

// As Linux looks for PCI (arch/x86/pci/direct.c): the address register holds what was written, and a host bridge is
// there, alone.
TEST_F(BoardTest, PciIsAHostBridge) {
    const auto config = [&](std::uint32_t address, unsigned offset, unsigned size) {
        board.write(0xcf8, 4, address, 0);
        return board.read(static_cast<std::uint16_t>(0xcfc + offset), size, 0).value;
    };
    out(0xcfb, 0x01);
    board.write(0xcf8, 4, 0x80000000, 0);
    EXPECT_EQ(board.read(0xcf8, 4, 0).value, 0x80000000u);
    EXPECT_EQ(config(0x80000008, 2, 2), 0x0600u);
    EXPECT_EQ(config(0x80000000, 0, 4), 0x00081b36u);
    EXPECT_EQ(config(0x8000000c, 2, 1), 0u); // header type: one function
    EXPECT_EQ(config(0x80000100, 0, 4), ~0u);
    EXPECT_EQ(config(0x80000800, 0, 2), 0xffffu);
    EXPECT_EQ(config(0x80010000, 0, 4), ~0u);
    EXPECT_EQ(config(0x00000000, 0, 4), ~0u); // not enabled
    EXPECT_EQ(config(0x800000fc, 3, 1), 0u);
    EXPECT_EQ(config(0x80000000, 3, 4), ~0u); // beyond the register
}

TEST_F(BoardTest, PciAddressesDoNotReset) {
    board.write(0xcf8, 4, 0x8000ffff, 0); // function 7: nothing of it goes to the reset register
    board.write(0xcf9, 2, 0xffff, 0);
    EXPECT_EQ(board.ending(), Ending::None);
}

TEST_F(BoardTest, WideAccessesAreBytes) {
    board.write(0x70, 2, 0x5a << 8 | 0x40, 0); // index and data
    out(0x70, 0x40);
    EXPECT_EQ(in(0x71), 0x5au);
    EXPECT_EQ(board.read(0x71, 4, 0).value, 0xffffff5au);
    board.write(0x3fe, 4, 0x7700, 0);
    EXPECT_EQ(in(0x3ff), 0x77u);
    EXPECT_EQ(board.read(0x3fe, 2, 0).value, 0x77b0u);
    initialize_pics();
    EXPECT_EQ(board.read(0x20, 2, 0).value, 0xff00u);
}

TEST_F(BoardTest, SerialOutput) {
    out(0x3f8, 'x');
    EXPECT_EQ(board.take_output(), MaybeByte('x'));
    EXPECT_EQ(board.take_output(), MaybeByte());
    EXPECT_EQ(in(0x3fd), 0x60u);
    EXPECT_EQ(board.take_output(), MaybeByte());
    board.write(0x3f8, 2, 'y', 0);
    EXPECT_EQ(board.take_output(), MaybeByte('y'));
}

TEST_F(BoardTest, SerialInput) {
    set_entry(4, ioapic::Vector::make(0x34));
    out(0x3fa, 1);
    out(0x3f9, 1);
    out(0x3fc, 0x08);
    EXPECT_EQ(board.console_room(), 16u);
    EXPECT_TRUE(board.console_put('a'));
    EXPECT_EQ(messages(), Vectors{0x34});
    EXPECT_TRUE(board.console_put('b'));
    EXPECT_EQ(messages(), Vectors{}); // the line is high
    EXPECT_EQ(in(0x3f8), unsigned{'a'});
    EXPECT_EQ(in(0x3f8), unsigned{'b'});
    EXPECT_TRUE(board.console_put('c'));
    EXPECT_EQ(messages(), Vectors{0x34});
    for (int n = 0; n < 15; n++)
        EXPECT_TRUE(board.console_put('d'));
    EXPECT_FALSE(board.console_put('e'));
}

// What a driver's interrupt handler relies on: an empty transmitter makes an edge for each byte after IIR was read.
TEST_F(BoardTest, SerialTransmitterEdges) {
    set_entry(4, ioapic::Vector::make(0x34));
    out(0x3fc, 0x08);
    out(0x3f9, 0x02);
    EXPECT_EQ(messages(), Vectors{0x34});
    for (int n = 0; n < 3; n++) {
        EXPECT_EQ(in(0x3fa), 0x02u);
        out(0x3f8, 'x');
        EXPECT_EQ(messages(), Vectors{0x34});
    }
}

TEST_F(BoardTest, PowerManagementTimer) {
    EXPECT_EQ(board.read(0x608, 4, kSecond).value, 3579545u);
    EXPECT_EQ(board.read(0x608, 2, kSecond).value, 3579545u & 0xffff);
}

TEST_F(BoardTest, PowerButtonIsALevel) {
    set_entry(9, ioapic::Vector::make(0x39) | ioapic::Level::make(true));
    board.write(0x602, 2, 0x0100, 0);
    board.press_power_button();
    EXPECT_EQ(messages(), Vectors{0x39});
    board.eoi(0x39);
    EXPECT_EQ(messages(), Vectors{0x39});
    board.write(0x600, 2, 0x0100, 0);
    board.eoi(0x39);
    EXPECT_EQ(messages(), Vectors{});
}

TEST_F(BoardTest, FirmwareLeavesTheSciLevelTriggered) {
    EXPECT_EQ(in(0x4d0), 0u);
    EXPECT_EQ(in(0x4d1), 0x02u);
}

TEST_F(BoardTest, PowerOff) {
    board.write(0x604, 2, 5u << 10 | 1u << 13, 0);
    EXPECT_EQ(board.ending(), Ending::PowerOff);
    out(0xcf9, 0x06);
    EXPECT_EQ(board.ending(), Ending::PowerOff); // the first
    board.reset();
    EXPECT_EQ(board.ending(), Ending::None);
}

TEST_F(BoardTest, ResetsAndNearMisses) {
    constexpr unsigned table[][3] = {{0xcf9, 0x06, 1}, {0xcf9, 0x0e, 1}, {0xcf9, 0x02, 0}, {0x64, 0xfe, 1},
                                     {0x64, 0xd1, 0},  {0x92, 0x01, 1},  {0x92, 0x02, 0}};
    for (const auto &[port, value, resets] : table) {
        board.reset();
        out(port, value);
        EXPECT_EQ(board.ending(), resets != 0 ? Ending::Reset : Ending::None) << port << " " << value;
    }
    EXPECT_EQ(in(0x92), 0x02u);
    EXPECT_EQ(in(0x64), 0xffu);
}

TEST_F(BoardTest, ResetKeepsTheClockAndNothingElse) {
    initialize_pics();
    out(0x21, 0);
    out(0xa1, 0);
    out(0x70, 0x40);
    out(0x71, 0x5a);
    set_pit(2, 100, 0);
    out(0x3fc, 0x08);
    out(0x3f9, 0x03);
    board.write(0x602, 2, 0x0100, 0);
    board.press_power_button();
    EXPECT_TRUE(board.pic_intr());
    board.reset();
    EXPECT_FALSE(board.pic_intr());
    EXPECT_FALSE(board.has_message());
    EXPECT_EQ(board.deadline(), kNever);
    EXPECT_EQ(in(0x3f9), 0u);
    EXPECT_EQ(in(0x4d1), 0x02u);
    out(0x70, 0x40);
    EXPECT_EQ(in(0x71), 0x5au);
    out(0x70, 0x04, kHour);
    EXPECT_EQ(in(0x71, kHour), 0x23u);
    board.run(kHour);
    EXPECT_FALSE(board.pic_intr());
}

} // namespace
} // namespace vmm::device::test

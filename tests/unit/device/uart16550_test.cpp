// SPDX-License-Identifier: GPL-2.0-only
// Sections and tables are those of the PC16550D data sheet.
#include "vmm/device/uart16550.hpp"

#include <gtest/gtest.h>
#include <string>

namespace vmm::device {
namespace {

using Register = Uart16550::Register;

constexpr std::uint8_t kNone = 0x01, kTransmitter = 0x02, kReceived = 0x04, kTimeout = 0x0c, kLine = 0x06,
                       kModem = 0x00;
constexpr std::uint8_t kOut2 = 0x08, kLoop = 0x10, kDlab = 0x80;

class UartTest : public testing::Test {
  protected:
    std::uint8_t in(Register reg) { return uart.read(reg); }
    MaybeByte out(Register reg, unsigned value) { return uart.write(reg, static_cast<std::uint8_t>(value)); }
    std::uint8_t iir() { return in(Register::InterruptIdentification); }
    void enable(unsigned ier) { out(Register::InterruptEnable, ier); }
    void set_fifo(unsigned control) { out(Register::InterruptIdentification, control); }
    void set_modem(unsigned value) { out(Register::ModemControl, value); }
    void type(const std::string &text) {
        for (char byte : text)
            EXPECT_TRUE(uart.receive(static_cast<std::uint8_t>(byte)));
    }
    std::string read_all() {
        std::string text;
        while (in(Register::LineStatus)&1)
            text += static_cast<char>(in(Register::Data));
        return text;
    }
    Uart16550 uart;
};

// Table I "UART Reset Configuration".
TEST_F(UartTest, PowerOn) {
    EXPECT_EQ(in(Register::InterruptEnable), 0);
    EXPECT_EQ(iir(), kNone);
    EXPECT_EQ(in(Register::LineControl), 0);
    EXPECT_EQ(in(Register::ModemControl), 0);
    EXPECT_EQ(in(Register::LineStatus), 0x60);
    EXPECT_EQ(in(Register::ModemStatus), 0xb0); // a terminal is there
    EXPECT_FALSE(uart.interrupt());
}

TEST_F(UartTest, BytesGoOutAtOnce) {
    out(Register::LineControl, 0x03);
    EXPECT_EQ(out(Register::Data, 'x'), MaybeByte('x'));
    EXPECT_EQ(out(Register::Data, 0), MaybeByte(0));
    EXPECT_EQ(in(Register::LineStatus), 0x60);
    out(Register::LineControl, 0x02); // 7 bits make no difference
    EXPECT_EQ(out(Register::Data, 0xc1), MaybeByte(0xc1));
}

TEST_F(UartTest, DivisorLatch) {
    out(Register::LineControl, kDlab | 0x03);
    EXPECT_EQ(in(Register::Data), 1);
    EXPECT_EQ(out(Register::Data, 0x0c), MaybeByte());
    out(Register::InterruptEnable, 0x12);
    EXPECT_EQ(in(Register::Data), 0x0c);
    EXPECT_EQ(in(Register::InterruptEnable), 0x12);
    out(Register::LineControl, 0x03);
    EXPECT_EQ(in(Register::InterruptEnable), 0);
    EXPECT_EQ(in(Register::LineControl), 0x03);
}

// 8.6.6 "IER", table IV: raised by the enable, reset by reading IIR or writing THR, raised when THR is empty again.
TEST_F(UartTest, TransmitterInterrupt) {
    set_modem(kOut2);
    enable(0x02);
    EXPECT_TRUE(uart.interrupt());
    EXPECT_EQ(iir(), kTransmitter);
    EXPECT_FALSE(uart.interrupt());
    EXPECT_EQ(iir(), kNone);
    enable(0x02); // not enabled anew
    EXPECT_FALSE(uart.interrupt());
    out(Register::Data, 'a');
    EXPECT_TRUE(uart.interrupt());
    EXPECT_EQ(iir(), kTransmitter);
    enable(0);
    enable(0x02);
    EXPECT_TRUE(uart.interrupt());
    enable(0);
    EXPECT_FALSE(uart.interrupt());
    EXPECT_EQ(iir(), kNone);
}

// Reading IIR resets the transmitter's interrupt only when that is what it shows.
TEST_F(UartTest, TransmitterInterruptBehindAnother) {
    enable(0x03);
    type("x");
    EXPECT_EQ(iir(), kReceived);
    in(Register::Data);
    EXPECT_EQ(iir(), kTransmitter);
    EXPECT_EQ(iir(), kNone);
}

// Table IV: line status, received data, transmitter, modem.
TEST_F(UartTest, Priorities) {
    set_modem(kLoop);
    for (char byte : {'1', '2'}) // no FIFO: the second one overruns
        out(Register::Data, static_cast<std::uint8_t>(byte));
    set_modem(0);
    enable(0x0f);
    EXPECT_EQ(iir(), kLine);
    EXPECT_EQ(in(Register::LineStatus), 0x63);
    EXPECT_EQ(in(Register::LineStatus), 0x61);
    EXPECT_EQ(iir(), kReceived);
    EXPECT_EQ(in(Register::Data), '2');
    EXPECT_EQ(iir(), kTransmitter);
    EXPECT_EQ(iir(), kModem);
    EXPECT_EQ(in(Register::ModemStatus), 0xbb); // the loop let CTS, DSR and DCD go
    EXPECT_EQ(iir(), kNone);
    EXPECT_EQ(in(Register::ModemStatus), 0xb0);
}

// 8.6.4 "FCR": trigger levels 1, 4, 8, 14; fewer bytes are told by the time-out.
TEST_F(UartTest, FifoTriggers) {
    constexpr unsigned levels[] = {1, 4, 8, 14};
    for (unsigned n = 0; n < 4; n++) {
        uart.reset();
        set_modem(kOut2);
        set_fifo(n << 6 | 1);
        enable(0x01);
        EXPECT_EQ(iir(), 0xc0 | kNone);
        for (unsigned count = 1; count <= 16; count++) {
            ASSERT_TRUE(uart.receive(static_cast<std::uint8_t>(count)));
            EXPECT_TRUE(uart.interrupt());
            EXPECT_EQ(iir(), 0xc0 | (count >= levels[n] ? kReceived : kTimeout)) << count;
        }
        for (unsigned count = 1; count <= 16; count++)
            EXPECT_EQ(in(Register::Data), count);
        EXPECT_FALSE(uart.interrupt());
    }
}

TEST_F(UartTest, NothingIsLost) {
    EXPECT_EQ(uart.room(), 1u);
    EXPECT_TRUE(uart.receive('a'));
    EXPECT_FALSE(uart.receive('b'));
    EXPECT_EQ(read_all(), "a");
    set_fifo(1);
    EXPECT_EQ(uart.room(), 16u);
    type("0123456789abcdef");
    EXPECT_EQ(uart.room(), 0u);
    EXPECT_FALSE(uart.receive('g'));
    EXPECT_EQ(in(Register::Data), '0');
    type("g");
    EXPECT_EQ(read_all(), "123456789abcdefg");
    EXPECT_EQ(in(Register::Data), 0);
}

// 8.6.4: bit 0's change and bit 1 empty the FIFO; without bit 0 nothing is programmed.
TEST_F(UartTest, FifoControl) {
    set_fifo(1);
    type("abc");
    set_fifo(0xc1);
    EXPECT_EQ(in(Register::LineStatus), 0x61);
    set_fifo(0xc3);
    EXPECT_EQ(in(Register::LineStatus), 0x60);
    type("abc");
    set_fifo(0xc2);
    EXPECT_EQ(in(Register::LineStatus), 0x60);
    EXPECT_EQ(iir(), kNone);
    EXPECT_EQ(uart.room(), 1u);
    type("a");
    set_fifo(2);
    EXPECT_EQ(in(Register::LineStatus), 0x61);
}

// 8.6.5 "MCR": each output at its input, data comes back, the line is cut.
TEST_F(UartTest, Loopback) {
    constexpr unsigned table[][2] = {{0x01, 0x20}, {0x02, 0x10}, {0x04, 0x40}, {0x08, 0x80}};
    for (const auto &row : table) {
        set_modem(kLoop | row[0]);
        EXPECT_EQ(in(Register::ModemStatus)&0xf0, row[1]);
    }
    EXPECT_EQ(uart.room(), 0u);
    EXPECT_FALSE(uart.receive('x'));
    set_fifo(1);
    for (unsigned n = 0; n < 17; n++)
        EXPECT_EQ(out(Register::Data, 'a' + n), MaybeByte());
    EXPECT_EQ(in(Register::LineStatus), 0x63);
    EXPECT_EQ(read_all(), "abcdefghijklmnop");
}

// 8.6.7 "MSR": bit 2 is the trailing edge of the ring indicator only.
TEST_F(UartTest, RingEnds) {
    set_modem(kLoop);
    in(Register::ModemStatus);
    set_modem(kLoop | 0x04);
    EXPECT_EQ(in(Register::ModemStatus), 0x40);
    set_modem(kLoop);
    EXPECT_EQ(in(Register::ModemStatus), 0x04);
}

TEST_F(UartTest, Out2OpensTheLine) {
    enable(0x01);
    type("x");
    EXPECT_EQ(iir(), kReceived);
    EXPECT_FALSE(uart.interrupt());
    set_modem(kOut2);
    EXPECT_TRUE(uart.interrupt());
    set_modem(kOut2 | kLoop);
    EXPECT_FALSE(uart.interrupt());
}

// How Linux finds out what is there (drivers/tty/serial/8250: the existence, loopback and FIFO tests).
TEST_F(UartTest, LinuxFindsA16550A) {
    enable(0);
    EXPECT_EQ(in(Register::InterruptEnable)&0x0f, 0);
    enable(0x0f);
    EXPECT_EQ(in(Register::InterruptEnable)&0x0f, 0x0f);
    enable(0);
    set_modem(kLoop | 0x0a);
    EXPECT_EQ(in(Register::ModemStatus)&0xf0, 0x90);
    set_modem(0);
    set_fifo(1);
    EXPECT_EQ(iir() >> 6, 3);
    out(Register::LineControl, kDlab); // an enhanced feature register would be at the place of IIR
    EXPECT_NE(iir(), 0);
    out(Register::LineControl, 0xbf);
    EXPECT_NE(iir(), 0);
    set_fifo(0x21); // no 64-byte FIFO
    EXPECT_EQ(iir() & 0x20, 0);
    out(Register::LineControl, 0);
    enable(0x40); // no unit enable bit
    EXPECT_EQ(in(Register::InterruptEnable), 0);
    out(Register::Scratch, 0x5a);
    EXPECT_EQ(in(Register::Scratch), 0x5a);
}

// Its test for UARTs that raise the transmitter's interrupt once only, and for those that do not at all.
TEST_F(UartTest, LinuxFindsNoBug) {
    set_modem(kOut2);
    for (int n = 0; n < 2; n++) {
        enable(0x02);
        EXPECT_EQ(iir() & kNone, 0);
        enable(0);
    }
    enable(0x02);
    EXPECT_EQ(in(Register::LineStatus)&0x40, 0x40);
    EXPECT_EQ(iir() & kNone, 0);
}

} // namespace
} // namespace vmm::device

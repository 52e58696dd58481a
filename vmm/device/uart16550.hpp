// SPDX-License-Identifier: GPL-2.0-only
// Uart16550: a serial port as in the PC16550D data sheet, with a terminal that is always there. The line has no speed
// and no format: a byte is sent with all its bits when it is written, and when one has arrived four character times
// have passed.
#pragma once

#include "vmm/base/bits.hpp"
#include "vmm/device/maybe_byte.hpp"

#include <array>
#include <cstdint>

namespace vmm::device {

class Uart16550 {
  public:
    static constexpr unsigned kFifoBytes = 16;

    // By offset from the first port. With LCR's divisor latch access bit the first two are the divisor.
    enum class Register : std::uint8_t {
        Data,
        InterruptEnable,
        InterruptIdentification, // written: FIFO control
        LineControl,
        ModemControl,
        LineStatus,
        ModemStatus,
        Scratch,
    };

    void reset() { *this = {}; }

    std::uint8_t read(Register reg) {
        if (reg == Register::LineStatus) [[likely]]
            return read_line_status();
        return read_other(reg);
    }
    // The byte that goes out by this write.
    MaybeByte write(Register reg, std::uint8_t value) {
        if (reg == Register::Data && !DivisorAccess::get(lcr_)) [[likely]]
            return transmit(value);
        write_other(reg, value);
        return {};
    }

    // A byte arrives. False: there is no room, and it is still the sender's; nothing is ever lost here.
    bool receive(std::uint8_t byte);
    unsigned room() const { return Loop::get(mcr_) ? 0u : capacity() - count_; }

    // The interrupt line. A PC has OUT2 open its driver, and loopback lets go of OUT2 (data sheet, 8.6.5 "MCR").
    bool interrupt() const { return (mcr_ & (Loop::mask | Out2::mask)) == Out2::mask && source() != Source::None; }

  private:
    using ReceiveEnable = Field<0, 0, bool>; // IER
    using TransmitEnable = Field<1, 1, bool>;
    using LineEnable = Field<2, 2, bool>;
    using ModemEnable = Field<3, 3, bool>;
    using FifoEnable = Field<0, 0, bool>; // FCR
    using FifoClear = Field<1, 1, bool>;
    using FifoTrigger = Field<7, 6, std::uint8_t>;
    using DivisorAccess = Field<7, 7, bool>; // LCR
    using Out2 = Field<3, 3, bool>;          // MCR
    using Loop = Field<4, 4, bool>;

    // Data sheet, table IV "Interrupt Control Functions"; bits 3:0 of IIR.
    enum class Source : std::uint8_t {
        ModemStatus = 0x0,
        None = 0x1,
        TransmitterEmpty = 0x2,
        Received = 0x4,
        LineStatus = 0x6,
        Timeout = 0xc,
    };

    Source source() const;
    bool has_fifo() const { return FifoEnable::get(fcr_); }
    unsigned capacity() const { return has_fifo() ? kFifoBytes : 1; }
    std::uint8_t modem_inputs() const;
    void push(std::uint8_t byte);
    std::uint8_t pop();
    std::uint8_t read_line_status();
    std::uint8_t read_other(Register reg);
    std::uint8_t read_identification();
    std::uint8_t read_modem_status();
    MaybeByte transmit(std::uint8_t byte);
    void write_other(Register reg, std::uint8_t value);
    void write_interrupt_enable(std::uint8_t value);
    void write_fifo_control(std::uint8_t value);
    void write_modem_control(std::uint8_t value);

    std::uint8_t ier_ = 0;
    std::uint8_t fcr_ = 0;
    std::uint8_t lcr_ = 0;
    std::uint8_t mcr_ = 0;
    std::uint8_t scratch_ = 0;
    std::uint8_t modem_changes_ = 0;
    bool overrun_ = false;
    bool transmitter_empty_ = false; // the interrupt: it is cleared while the condition goes on
    std::uint16_t divisor_ = 1;      // undefined at power-on; Linux divides by it when nobody has set it
    std::uint8_t first_ = 0;
    std::uint8_t count_ = 0;
    std::array<std::uint8_t, kFifoBytes> fifo_{};
};

} // namespace vmm::device

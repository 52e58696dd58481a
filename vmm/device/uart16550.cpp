// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/device/uart16550.hpp"

namespace vmm::device {
namespace {

// LSR
constexpr std::uint8_t kDataReady = 0x01, kOverrun = 0x02, kTransmitterEmpty = 0x60; // THRE and TEMT
// MSR
constexpr std::uint8_t kClearToSend = 0x10, kDataSetReady = 0x20, kRing = 0x40, kCarrier = 0x80;
// MCR
constexpr std::uint8_t kDataTerminalReady = 0x01, kRequestToSend = 0x02, kOut1 = 0x04, kOut2 = 0x08;

constexpr std::uint8_t kIerWritable = 0x0f, kFcrWritable = 0xc9, kMcrWritable = 0x1f;
constexpr std::uint8_t kFifosEnabled = 0xc0; // IIR

constexpr std::array<std::uint8_t, 4> kTriggers{1, 4, 8, 14};

// Data sheet, 8.6.5 "MCR": what each output is connected to in loopback.
struct LoopbackRow {
    std::uint8_t output, input;
};
constexpr LoopbackRow kLoopback[]{
    {kDataTerminalReady, kDataSetReady},
    {kRequestToSend, kClearToSend},
    {kOut1, kRing},
    {kOut2, kCarrier},
};

} // namespace

// In the order of priority.
Uart16550::Source Uart16550::source() const {
    if (LineEnable::get(ier_) && overrun_)
        return Source::LineStatus;
    if (ReceiveEnable::get(ier_) && count_ != 0) {
        const bool is_filled = !has_fifo() || count_ >= kTriggers[FifoTrigger::get(fcr_)];
        return is_filled ? Source::Received : Source::Timeout;
    }
    if (TransmitEnable::get(ier_) && transmitter_empty_)
        return Source::TransmitterEmpty;
    if (ModemEnable::get(ier_) && modem_changes_ != 0)
        return Source::ModemStatus;
    return Source::None;
}

std::uint8_t Uart16550::modem_inputs() const {
    if (!Loop::get(mcr_))
        return kClearToSend | kDataSetReady | kCarrier;
    std::uint8_t inputs = 0;
    for (const LoopbackRow &row : kLoopback)
        if (mcr_ & row.output)
            inputs |= row.input;
    return inputs;
}

// Overrun (data sheet, 8.6.3 "LSR"): a FIFO keeps what it has, the single register takes the new byte.
void Uart16550::push(std::uint8_t byte) {
    if (count_ == capacity()) {
        overrun_ = true;
        if (!has_fifo())
            fifo_[first_] = byte;
        return;
    }
    fifo_[(first_ + count_) % kFifoBytes] = byte;
    count_++;
}

std::uint8_t Uart16550::pop() {
    if (count_ == 0)
        return 0;
    const std::uint8_t byte = fifo_[first_];
    first_ = (first_ + 1) % kFifoBytes;
    count_--;
    return byte;
}

bool Uart16550::receive(std::uint8_t byte) {
    if (room() == 0)
        return false;
    push(byte);
    return true;
}

std::uint8_t Uart16550::read_line_status() {
    const std::uint8_t status = kTransmitterEmpty | (overrun_ ? kOverrun : 0) | (count_ != 0 ? kDataReady : 0);
    overrun_ = false;
    return status;
}

std::uint8_t Uart16550::read_other(Register reg) {
    switch (reg) {
    case Register::Data:
        return DivisorAccess::get(lcr_) ? static_cast<std::uint8_t>(divisor_) : pop();
    case Register::InterruptEnable:
        return DivisorAccess::get(lcr_) ? static_cast<std::uint8_t>(divisor_ >> 8) : ier_;
    case Register::InterruptIdentification:
        return read_identification();
    case Register::LineControl:
        return lcr_;
    case Register::ModemControl:
        return mcr_;
    case Register::LineStatus:
        return read_line_status();
    case Register::ModemStatus:
        return read_modem_status();
    case Register::Scratch:
        return scratch_;
    }
    return 0xff;
}

// Table IV: the read resets the transmitter's interrupt, if that is the one it shows.
std::uint8_t Uart16550::read_identification() {
    const Source shown = source();
    if (shown == Source::TransmitterEmpty)
        transmitter_empty_ = false;
    return static_cast<std::uint8_t>(shown) | (has_fifo() ? kFifosEnabled : 0);
}

std::uint8_t Uart16550::read_modem_status() {
    const std::uint8_t status = modem_inputs() | modem_changes_;
    modem_changes_ = 0;
    return status;
}

MaybeByte Uart16550::transmit(std::uint8_t byte) {
    transmitter_empty_ = true;
    if (!Loop::get(mcr_)) [[likely]]
        return MaybeByte(byte);
    push(byte);
    return {};
}

void Uart16550::write_other(Register reg, std::uint8_t value) {
    const bool divisor = DivisorAccess::get(lcr_);
    switch (reg) {
    case Register::Data: // the divisor: transmit() has the rest
        divisor_ = static_cast<std::uint16_t>((divisor_ & 0xff00) | value);
        break;
    case Register::InterruptEnable:
        if (divisor)
            divisor_ = static_cast<std::uint16_t>((divisor_ & 0x00ff) | value << 8);
        else
            write_interrupt_enable(value);
        break;
    case Register::InterruptIdentification:
        write_fifo_control(value);
        break;
    case Register::LineControl:
        lcr_ = value;
        break;
    case Register::ModemControl:
        write_modem_control(value);
        break;
    case Register::Scratch:
        scratch_ = value;
        break;
    case Register::LineStatus: // "intended for read operations only"; so are the modem's inputs
    case Register::ModemStatus:
        break;
    }
}

// Enabling the transmitter's interrupt while the register is empty raises it: drivers start to send so.
void Uart16550::write_interrupt_enable(std::uint8_t value) {
    const bool was_enabled = TransmitEnable::get(ier_);
    ier_ = value & kIerWritable;
    if (!was_enabled && TransmitEnable::get(ier_))
        transmitter_empty_ = true;
}

// Data sheet, 8.6.4 "FCR": other bits count only with bit 0 set, and a change of that clears the FIFOs.
void Uart16550::write_fifo_control(std::uint8_t value) {
    const std::uint8_t control = FifoEnable::get(value) ? value & kFcrWritable : 0;
    if (FifoEnable::get(control ^ fcr_) || (FifoEnable::get(value) && FifoClear::get(value)))
        count_ = 0;
    fcr_ = control;
}

// Data sheet, 8.6.7 "MSR": bits 3:0 tell changes, the ring's only its end.
void Uart16550::write_modem_control(std::uint8_t value) {
    const std::uint8_t before = modem_inputs();
    mcr_ = value & kMcrWritable;
    const std::uint8_t after = modem_inputs();
    const std::uint8_t changed = ((before ^ after) & ~kRing) | (before & ~after & kRing);
    modem_changes_ |= changed >> 4;
}

} // namespace vmm::device

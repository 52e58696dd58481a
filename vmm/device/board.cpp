// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/device/board.hpp"

#include <algorithm>

namespace vmm::device {
namespace {

constexpr std::uint8_t kKeyboardReset = 0xfe; // pulse output line 0
constexpr std::uint8_t kFastReset = 0x01;     // system control port A
constexpr std::uint8_t kAddressLine20 = 0x02; // system control port A: never masked
constexpr std::uint8_t kResetCpu = 0x04;      // reset control register

// Widths that a device does not answer.
constexpr bool takes(PortDevice device, unsigned size) {
    return device == PortDevice::ResetControl ? size == 1 : device != PortDevice::PciAddress || size == 4;
}

constexpr std::uint32_t ones(unsigned size) {
    return static_cast<std::uint32_t>(bit(8 * size) - 1);
}

} // namespace

void Board::configure(std::uint64_t epoch) {
    rtc_.configure(epoch);
    reset();
}

// Of what firmware would leave, the trigger of the SCI is the one thing that a kernel relies on.
void Board::reset() {
    uart_.reset();
    rtc_.reset();
    pm_.reset();
    pci_.reset();
    pit_.reset();
    follow(0);
    pic_.reset();
    pic_.write_trigger(kSciLine / 8, 1u << kSciLine % 8);
    ioapic_.reset();
    next_tick_ = 0;
    output_ = {};
    ending_ = Ending::None;
    attention_ = true;
}

void Board::toggle(unsigned line) {
    attention_ = true;
    lines_ ^= 1u << line;
    const bool asserted = (lines_ >> line & 1) != 0;
    pic_.set_line(line, asserted);
    ioapic_.set_line(pin_of(line), asserted);
}

// Brings the lines to where the devices have them. A timer that has ticked unseen leaves one edge.
void Board::follow(std::uint64_t now) {
    if (pit_.take_rise()) {
        drive(kTimerLine, false);
        drive(kTimerLine, true);
        next_tick_ = now + kShortestTick;
    }
    drive(kTimerLine, pit_.irq());
    drive(kUartLine, uart_.interrupt());
    drive(kRtcLine, rtc_.interrupt());
    drive(kSciLine, pm_.sci());
}

void Board::run(std::uint64_t now) {
    attention_ = true;
    pit_.run(now);
    if (rtc_.is_armed())
        rtc_.run(now);
    pm_.run(now);
    follow(now);
}

// A PIC remembers an edge: until it is acknowledged, another one is no news.
bool Board::is_heard(unsigned line) const {
    return !ioapic_.is_masked(pin_of(line)) || (!pic_.is_masked(line) && !pic_.is_requested(line));
}

std::uint64_t Board::deadline() const {
    std::uint64_t first = kNever;
    if (is_heard(kTimerLine))
        first = std::max(pit_.next_edge(), next_tick_);
    if (rtc_.is_armed() && is_heard(kRtcLine))
        first = std::min(first, rtc_.deadline());
    if (is_heard(kSciLine))
        first = std::min(first, pm_.deadline());
    return first;
}

// Edges of the time until now belong to the entry as it was.
void Board::write_ioapic(std::uint32_t offset, std::uint32_t value, std::uint64_t now) {
    run(now);
    ioapic_.write(offset, value);
}

bool Board::console_put(std::uint8_t byte) {
    const bool taken = uart_.receive(byte);
    drive(kUartLine, uart_.interrupt());
    return taken;
}

void Board::press_power_button() {
    pm_.press_power_button();
    drive(kSciLine, pm_.sci());
}

// Devices of 8 bits take a wider access as bytes at consecutive ports; where the device ends nobody answers.
PortRead Board::read_other(std::uint16_t port, unsigned size, std::uint64_t now) {
    const PortRange *range = port_range(port);
    if (!range || !takes(range->device, size))
        return {ones(size), false};
    run(now);
    const unsigned offset = port - unsigned{range->first};
    std::uint32_t value = 0;
    if (range->device == PortDevice::AcpiPm) {
        value = pm_.read(offset, size, now);
    } else if (range->device == PortDevice::PciAddress) {
        value = pci_.read_address();
    } else if (range->device == PortDevice::PciData) {
        value = pci_.read_data(offset, size);
    } else {
        for (unsigned n = 0; n < size; n++) {
            const bool inside = port + n <= range->last;
            value |= std::uint32_t{inside ? read_byte(range->device, offset + n, now) : std::uint8_t{0xff}} << 8 * n;
        }
    }
    follow(now);
    return {value, true};
}

bool Board::write_other(std::uint16_t port, unsigned size, std::uint32_t value, std::uint64_t now) {
    const PortRange *range = port_range(port);
    if (!range || !takes(range->device, size))
        return false;
    run(now);
    const unsigned offset = port - unsigned{range->first};
    if (range->device == PortDevice::AcpiPm) {
        if (pm_.write(offset, size, value, now))
            end(Ending::PowerOff);
    } else if (range->device == PortDevice::PciAddress) {
        pci_.write_address(value);
    } else {
        for (unsigned n = 0; n < size && port + n <= range->last; n++)
            write_byte(range->device, offset + n, static_cast<std::uint8_t>(value >> 8 * n), now);
    }
    follow(now);
    return true;
}

std::uint8_t Board::read_byte(PortDevice device, unsigned offset, std::uint64_t now) {
    switch (device) {
    case PortDevice::FirstPic:
        return pic_.read_first(offset);
    case PortDevice::SecondPic:
        return pic_.read_second(offset);
    case PortDevice::Trigger:
        return pic_.read_trigger(offset);
    case PortDevice::Pit:
        return pit_.read(offset, now);
    case PortDevice::SystemControlB:
        return pit_.read_port_b(now);
    case PortDevice::SystemControlA:
        return kAddressLine20;
    case PortDevice::Rtc:
        return offset == 0 ? 0xff : rtc_.read(now); // the index cannot be read
    case PortDevice::Uart:
        return uart_.read(static_cast<Uart16550::Register>(offset));
    case PortDevice::ResetControl:
        return 0;
    case PortDevice::Keyboard: // ones: drivers see that there is none
    case PortDevice::AcpiPm:   // not by bytes
    case PortDevice::PciAddress:
    case PortDevice::PciData:
        break;
    }
    return 0xff;
}

void Board::write_byte(PortDevice device, unsigned offset, std::uint8_t value, std::uint64_t now) {
    switch (device) {
    case PortDevice::FirstPic:
        return pic_.write_first(offset, value);
    case PortDevice::SecondPic:
        return pic_.write_second(offset, value);
    case PortDevice::Trigger:
        return pic_.write_trigger(offset, value);
    case PortDevice::Pit:
        return pit_.write(offset, value, now);
    case PortDevice::SystemControlB:
        return pit_.write_port_b(value, now);
    case PortDevice::Rtc:
        return offset == 0 ? rtc_.select(value) : rtc_.write(value, now);
    case PortDevice::Uart:
        return write_uart(offset, value);
    case PortDevice::Keyboard:
        return value == kKeyboardReset ? end(Ending::Reset) : void();
    case PortDevice::SystemControlA:
        return (value & kFastReset) != 0 ? end(Ending::Reset) : void();
    case PortDevice::ResetControl:
        return (value & kResetCpu) != 0 ? end(Ending::Reset) : void();
    case PortDevice::AcpiPm: // not by bytes
    case PortDevice::PciAddress:
    case PortDevice::PciData:
        break;
    }
}

} // namespace vmm::device

// SPDX-License-Identifier: GPL-2.0-only
// Which ports the virtual PC has. A port without a row reads ones and takes no writes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace vmm::device {

inline constexpr std::uint16_t kUartPort = 0x3f8;
inline constexpr std::uint16_t kAcpiPort = 0x600;
inline constexpr std::uint16_t kPciPort = 0xcf8;
inline constexpr std::uint16_t kResetPort = 0xcf9;

enum class PortDevice : std::uint8_t {
    FirstPic,
    Pit,
    SystemControlB,
    Keyboard,
    Rtc,
    SystemControlA,
    SecondPic,
    Uart,
    Trigger,
    AcpiPm,
    PciAddress,
    ResetControl,
    PciData,
};

struct PortRange {
    std::uint16_t first, last;
    PortDevice device;
    const char *why;
};

// PCI's address register takes words of 32 bits only, and what is in its middle bytes only: as on chip sets.
inline constexpr std::array kPortRanges{
    PortRange{0x020, 0x021, PortDevice::FirstPic, "interrupt controller, lines 0 to 7"},
    PortRange{0x040, 0x043, PortDevice::Pit, "interval timer"},
    PortRange{0x061, 0x061, PortDevice::SystemControlB, "gate and output of the timer's counter 2"},
    PortRange{0x064, 0x064, PortDevice::Keyboard, "keyboard controller: only its reset line"},
    PortRange{0x070, 0x071, PortDevice::Rtc, "clock and CMOS memory"},
    PortRange{0x092, 0x092, PortDevice::SystemControlA, "fast reset"},
    PortRange{0x0a0, 0x0a1, PortDevice::SecondPic, "interrupt controller, lines 8 to 15"},
    PortRange{kUartPort, kUartPort + 7, PortDevice::Uart, "serial port COM1"},
    PortRange{0x4d0, 0x4d1, PortDevice::Trigger, "edge or level, by line"},
    PortRange{kAcpiPort, kAcpiPort + 0xb, PortDevice::AcpiPm, "ACPI's fixed hardware"},
    PortRange{kPciPort, kPciPort, PortDevice::PciAddress, "PCI configuration address"},
    PortRange{kResetPort, kResetPort, PortDevice::ResetControl, "reset register of the FADT"},
    PortRange{kPciPort + 4, kPciPort + 7, PortDevice::PciData, "PCI configuration data"},
};

consteval bool is_in_order() {
    for (std::size_t n = 0; n < kPortRanges.size(); n++)
        if (kPortRanges[n].first > kPortRanges[n].last || (n != 0 && kPortRanges[n - 1].last >= kPortRanges[n].first))
            return false;
    return true;
}
static_assert(is_in_order(), "ranges are sorted and do not overlap");

// Null: nobody is there.
constexpr const PortRange *port_range(std::uint16_t port) {
    for (const PortRange &range : kPortRanges)
        if (port <= range.last)
            return port >= range.first ? &range : nullptr;
    return nullptr;
}

} // namespace vmm::device

// SPDX-License-Identifier: GPL-2.0-only
// Port policy of the console: ports that can end the machine are seen by the VMM; all others are the console's.
#pragma once

#include <array>
#include <cstdint>

namespace vmm::policy {

enum class PortAction : std::uint8_t {
    Pass,  // no intercept
    Watch, // handed through; a write that resets the machine is logged first
};

struct PortRow {
    std::uint16_t port;
    PortAction action;
    std::uint8_t reset_mask, reset_value; // a byte written with these bits resets the machine
    const char *why;
};

inline constexpr std::array kPortRows{
    PortRow{0x0064, PortAction::Watch, 0xff, 0xfe, "keyboard controller pulses the reset line"},
    PortRow{0x0092, PortAction::Watch, 0x01, 0x01, "fast INIT"},
    PortRow{0x0cf9, PortAction::Watch, 0x04, 0x04, "chipset reset control"},
};

constexpr bool is_reset(std::uint16_t port, std::uint8_t value) {
    for (const PortRow &row : kPortRows)
        if (row.port == port && (value & row.reset_mask) == row.reset_value)
            return true;
    return false;
}

} // namespace vmm::policy

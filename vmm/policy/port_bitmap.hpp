// SPDX-License-Identifier: GPL-2.0-only
// The policy of ports as the bitmap that both vendors' CPUs read: one bit per port, a set one exits. APM vol. 2,
// 15.10.1; SDM vol. 3, 25.6.4.
#pragma once

#include "vmm/policy/port.hpp"
#include "vmnix/abi/handover/handover.h"

#include <span>

namespace vmm::policy {

constexpr void intercept_port(std::span<std::uint8_t> map, std::uint16_t port) {
    map[port / 8] |= static_cast<std::uint8_t>(1 << port % 8);
}

// An access exits when any of its bytes is intercepted.
constexpr void fill_io_map(std::span<std::uint8_t> map, const vmnix_power_ports &power) {
    for (const PortRow &row : kPortRows)
        intercept_port(map, row.port);
    for (const std::uint16_t port : {power.reset, power.pm1a, power.pm1b})
        if (port != 0)
            intercept_port(map, port);
}

} // namespace vmm::policy

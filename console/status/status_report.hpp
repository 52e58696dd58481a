// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "console/device/sample.hpp"
#include "console/device/vmm_device.hpp"

namespace console {

// What `vmnix status` shows, as it was read at one moment.
struct StatusReport {
    vmnix_info info;
    vmnix_launch_record launch;
    Sample sample;
    std::optional<vmnix_memory_info> memory;   // nothing, if the VMM knows no VMs
    std::optional<vmnix_console_info> console; // nothing, if it knows no restart

    static StatusReport read_from(VmmDevice &device);

    std::uint64_t exits() const;     // of all vCPUs since the launch
    double uptime_seconds() const;   // 0 when the clock's frequency is not known
    double exits_per_second() const; // mean since the launch
    double vmm_share() const; // part of all CPU time since the launch that the VMM took; 0 where it is not counted
    std::string_view version() const;
};

// No silicon has run this project yet, whatever CPU this is; the sentence goes when docs/support.md names one.
inline constexpr std::string_view silicon_note = "untested: so far vmnix has run on emulated CPUs only, on no real "
                                                 "one; docs/support.md lists what no emulator shows";

} // namespace console

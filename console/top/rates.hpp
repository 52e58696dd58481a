// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "console/device/sample.hpp"

namespace console {

// How often things happened per second between two samples.
struct CpuRates {
    std::uint32_t vcpu = 0;
    std::uint32_t apic_id = 0;
    std::uint32_t state = 0;
    double total = 0;
    std::array<double, VMNIX_EXIT_KINDS> exits{};
    double injected_interrupts = 0;
    double timer_fired = 0;
    double vmm_share = 0; // part of the time that the VMM took; 0 where it is not counted
};

struct Rates {
    double seconds = 0; // between the samples
    std::vector<CpuRates> cpus;
    CpuRates total; // of all; vmm_share is their mean

    static Rates between(const Sample &before, const Sample &after, std::uint64_t tsc_khz);
};

} // namespace console

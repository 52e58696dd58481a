// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <vector>

#include "console/device/vmm_device.hpp"

namespace console {

// The counters of all vCPUs at one moment (of each vCPU at its own: stats.tsc).
struct Sample {
    struct Cpu {
        std::uint32_t vcpu;
        vmnix_cpu_stats stats;
    };
    std::vector<Cpu> cpus;

    static Sample read_from(VmmDevice &device, std::uint32_t cpu_count);
};

} // namespace console

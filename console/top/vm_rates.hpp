// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "console/base/output.hpp"
#include "console/device/vmm_device.hpp"
#include "console/text/json.hpp"
#include "console/text/style.hpp"

namespace console {

// The counters of the VMs that live, and of the service console as the one with id 0, each at its own moment.
struct VmSample {
    struct Vm {
        std::uint32_t id;
        std::string name;
        std::uint32_t state;
        std::uint32_t vcpus;
        std::uint64_t tsc, run_tsc, ready_tsc, wait_tsc, exits;
    };
    std::vector<Vm> vms;

    // Empty when the VMM knows no VMs.
    static VmSample read_from(VmmDevice &device, const vmnix_info &vmm);
};

// How they spent the time between two samples.
struct VmRates {
    struct Vm {
        std::uint32_t id;
        std::string name;
        std::uint32_t state;
        std::uint32_t vcpus;
        double run, ready, wait; // of all vCPUs together: 1 is one CPU all the time
        double exits;            // per second
    };
    double seconds = 0;
    std::vector<Vm> vms;

    static VmRates between(const VmSample &before, const VmSample &after, std::uint64_t tsc_khz);
    bool any_vm() const; // beside the service console
};

// One row for each. Rows that do not fit are left out from `first_row` on both sides, and a line says so.
std::string vm_rates_table(const VmRates &rates, const Style &style, TextSize size, std::size_t first_row = 0);
Json vm_rates_json(const VmRates &rates);

} // namespace console

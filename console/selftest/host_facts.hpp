// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "console/check/cpu_probe.hpp"
#include "console/text/json.hpp"

namespace console {

// What a machine is, as far as its kind goes: nothing that tells it from others of the same kind.
struct HostFacts {
    std::string linux_release;
    std::string vendor, model_name, family, model, stepping, microcode; // of the first CPU
    unsigned cpus = 0;
    CpuidLeaf svm; // leaf 0x8000000a, where there is SVM
    std::map<std::uint32_t, std::uint64_t> msrs;
    std::string msr_obstacle; // why there are none
    bool under_vmm = false;   // the registers are those that the VMM shows

    static HostFacts read(const std::filesystem::path &root, CpuProbe &probe);
};

// The value of a key in the first block of /proc/cpuinfo; empty if it is not there.
std::string cpuinfo_value(std::string_view cpuinfo, std::string_view key);

// Whether this CPU runs under the VMM.
bool has_vmm_signature(CpuProbe &probe);

Json host_json(const HostFacts &host);

} // namespace console

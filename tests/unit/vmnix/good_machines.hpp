// SPDX-License-Identifier: GPL-2.0-only
// Machines that preflight accepts; a test spoils one thing.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>

#include "tests/unit/vmnix/vmx_capabilities.hpp"
#include "vmnix/preflight.h"

namespace vmnix_unit {

constexpr std::uint64_t kEfer = 0xd01; // SCE, LME, LMA, NXE

// Two CPUs, Debian's usual settings; no vendor yet.
inline std::unique_ptr<vmnix_facts> machine_of(const char *vendor) {
    auto facts = std::make_unique<vmnix_facts>();
    std::strcpy(facts->vendor, vendor);
    facts->invariant_tsc = true;
    facts->physical_bits = 40;
    facts->tsc_khz = 2'000'000;
    facts->highest_ram = 1ull << 32;
    facts->cpu_count = 2;
    facts->memory_needed = vmnix_memory_needed(2, facts->highest_ram);
    facts->memory_available = 100ull << 20;
    facts->ioapic_count = 1;
    facts->memory_ranges = 7;
    for (std::uint32_t i = 0; i < 2; i++) {
        vmnix_cpu_facts &cpu = facts->cpu[i];
        cpu.cpu = cpu.apic_id = i;
        cpu.cr4 = 0x3506f0;
        cpu.efer = kEfer;
        cpu.xcr0 = 7;
        cpu.apic_base = 0xfee00800 | (i ? 0 : 0x100);
    }
    return facts;
}

inline std::unique_ptr<vmnix_facts> good_machine() {
    auto facts = machine_of("AuthenticAMD");
    facts->svm = facts->npt = true;
    facts->svm_asids = 16;
    return facts;
}

inline std::unique_ptr<vmnix_facts> good_intel_machine(const VmxCapabilities &capabilities = kVmxCapabilities[0]) {
    auto facts = machine_of("GenuineIntel");
    facts->vmx = true;
    std::copy(capabilities.msrs.begin(), capabilities.msrs.end(), facts->vmx_msrs);
    for (std::uint32_t i = 0; i < 2; i++)
        facts->cpu[i].feature_control = 5; // locked, VT-x outside SMX
    return facts;
}

} // namespace vmnix_unit

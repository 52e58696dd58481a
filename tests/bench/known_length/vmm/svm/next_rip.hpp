// SPDX-License-Identifier: GPL-2.0-only
// Stands in for a CPU that saves the next rIP, which the emulator does not: stores what such a CPU would have stored,
// then does what the VMM does. The instructions that are measured with it (CPUID, WRMSR) have two bytes.
#pragma once

#include "vmm/svm/vcpu.hpp"

namespace vmm::svm {

[[gnu::always_inline]] inline std::uint8_t length_by_next_rip(Vcpu v) {
    volatile std::uint64_t &next_rip = v.vmcb().control.next_rip; // else the compiler would know as well
    next_rip = v.rip() + 2;
    return static_cast<std::uint8_t>(next_rip - v.rip());
}

} // namespace vmm::svm

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>

namespace vmm {

// What this CPU has of the state that VMRUN does not switch; all CPUs are alike.
struct ExtendedFeatures {
    std::uint64_t xcr0 = 0; // components of XCR0 that are switched; 0: no XSAVE, FXSAVE instead
    bool tsc_aux = false, spec_ctrl = false, prediction_barrier = false;
};

} // namespace vmm

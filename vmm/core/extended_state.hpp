// SPDX-License-Identifier: GPL-2.0-only
// What a world owns of a CPU beside what the backend switches: vector state with XCR0, debug address registers, and
// MSRs that the guest reaches without an exit. Switched as a whole, never lazily.
#pragma once

#include "vmm/base/result.hpp"
#include "vmm/base/types.hpp"
#include "vmm/x86/extended_features.hpp"

#include <array>
#include <cstddef>

namespace vmm {

struct ExtendedState {
    std::byte *vectors = nullptr; // XSAVE area, one frame, standard format: APM vol. 2, 11.5
    std::uint64_t xcr0 = 1;
    std::array<std::uint64_t, 4> debug{}; // DR0 to DR3; DR6 and DR7 are in the control block
    std::uint64_t tsc_aux = 0, spec_ctrl = 0;
};

// Unsupported: the CPU's vector state does not fit a frame.
Result<ExtendedFeatures> learn_extended_features();

// As after power-up, with the control word that FNINIT leaves, which is what every system sets first.
void reset_extended(ExtendedState &state);
void save_extended(ExtendedState &state);
void restore_extended(const ExtendedState &state);

} // namespace vmm

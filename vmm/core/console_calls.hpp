// SPDX-License-Identifier: GPL-2.0-only
// Hypercalls about the console itself: VMNIX_HC_CONSOLE_END and those after it.
#pragma once

#include "vmm/core/hypercalls.hpp"

namespace vmm {

HypercallResult console_call(Cpu &cpu, const HypercallArguments &arguments);

} // namespace vmm

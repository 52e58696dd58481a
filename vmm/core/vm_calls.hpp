// SPDX-License-Identifier: GPL-2.0-only
// Hypercalls that are about memory and VMs.
#pragma once

#include "vmm/core/hypercalls.hpp"

namespace vmm {

HypercallResult vm_call(Cpu &cpu, const HypercallArguments &arguments);

} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/boot/vcpu_state.hpp"
#include "vmnix/abi/hypercall/vm.h"

namespace console {

// The same as the VMM takes it.
vmnix_boot_state boot_state(const VcpuState &from);

} // namespace console

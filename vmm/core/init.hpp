// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmnix/abi/handover/handover.h"

namespace vmm {

// On the CPU whose page `self` is. Returns enum vmnix_status.
int initialise(vmnix_handover *handover, vmnix_handover_cpu &self);

} // namespace vmm

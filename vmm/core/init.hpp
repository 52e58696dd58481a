// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmnix/abi/handover/handover.h"

namespace vmm {

// Returns enum vmnix_status.
int initialise(vmnix_handover *handover);

} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/base/failure.hpp"
#include "console/vm/record/vm_directory.hpp"

namespace console {

// Why the VMM or its driver made no VM of the options.
Failure creation_failure(VmAnswer answer, const VmOptions &options, const vmnix_vm_create &request, VmDirectory &vms);

// Why a reservation is refused.
Failure reservation_failure(const vmnix_vm_share &share, const vmnix_info &vmm);

} // namespace console

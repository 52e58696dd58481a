// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "console/vm/record/vm_directory.hpp"

namespace console {

// Failure says why the VM cannot follow it.
void give_order(VmDirectory &vms, const VmRecord &vm, vmnix_vm_order order);

std::string done_word(vmnix_vm_order order); // "paused"
std::string doing(const VmRecord &vm);       // "is paused", "runs", "has ended (killed)"

// After an order to end: its CPUs leave the VM one after the other, which takes a moment.
void wait_for_end(VmDirectory &vms, const VmRecord &vm);

} // namespace console

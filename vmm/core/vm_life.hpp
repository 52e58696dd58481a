// SPDX-License-Identifier: GPL-2.0-only
// From a VM's creation to its removal. All under the lock of the VMs.
#pragma once

#include "vmm/core/vm.hpp"
#include "vmm/core/vms.hpp"

namespace vmm {

// The VM is there, empty. NoMemory: `missing` is how many free pieces it takes in all. Exists: name or UUID is taken.
// OutOfRange: no more VMs. Invalid: the configuration breaks a rule.
Result<std::uint32_t> create_vm(Cpu &cpu, Vms &vms, const vmnix_vm_config &config, std::uint64_t &missing);

// It begins to run. Invalid: the CPU would not enter that state.
Result<> start_vm(Cpu &cpu, Vm &vm, const vmnix_boot_state &state);

// Busy: not in its present state. TimedOut: a CPU has not let go of it yet; again soon.
Result<> order_vm(Cpu &cpu, Vms &vms, Vm &vm, vmnix_vm_order order);

// No CPU runs any of its vCPUs.
bool is_at_rest(const Vm &vm);

// Removes VMs that ended and were to be removed then.
void reap_vms(Vms &vms);

// New shares for a VM, or the console when null. Invalid: out of bounds. OutOfRange: more is reserved than there is.
Result<> share_cpus(Cpu &cpu, Vm *vm, const vmnix_vm_share &share);

} // namespace vmm

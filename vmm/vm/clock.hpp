// SPDX-License-Identifier: GPL-2.0-only
// KVM's paravirtual clock and steal time, where a VM wants them.
#pragma once

#include "vmm/core/vm.hpp"
#include "vmm/x86/kvm.hpp"

namespace vmm {

// False: the address is not the VM's RAM.
bool write_wall_clock(const Vm &vm, std::uint64_t address);
bool write_system_time(const Vm &vm, std::uint64_t address_and_enable);

// From the next turn on the guest finds there how long this vCPU waited for a CPU. False: reserved bits, or no RAM.
bool set_steal_time(World &world, std::uint64_t address_and_enable);
// A turn begins, or is over while the vCPU wants to go on (which tells waiters for its spin locks not to spin).
void tell_steal_time(World &world, bool runs);

} // namespace vmm

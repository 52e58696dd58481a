// SPDX-License-Identifier: GPL-2.0-only
// KVM's paravirtual clock and steal time, as stock kernels know them. The TSC is the machine's and never stops, so the
// clock's structures are written once, when the guest says where it wants them.
#pragma once

#include "vmm/core/vm.hpp"

namespace vmm {

inline constexpr std::uint32_t kKvmWallClock = 0x4b564d00, kKvmSystemTime = 0x4b564d01, kKvmStealTime = 0x4b564d03;

// False: the address is not the VM's RAM.
bool write_wall_clock(const Vm &vm, std::uint64_t address);
bool write_system_time(const Vm &vm, std::uint64_t address_and_enable);

// From the next turn on the guest finds there how long this vCPU waited for a CPU. False: reserved bits, or no RAM.
bool set_steal_time(World &world, std::uint64_t address_and_enable);
// A turn begins, or is over while the vCPU wants to go on (which tells waiters for its spin locks not to spin).
void tell_steal_time(World &world, bool runs);

} // namespace vmm

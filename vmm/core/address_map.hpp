// SPDX-License-Identifier: GPL-2.0-only
// The VMM's virtual address space, the one place where its borders are named. The image's address is ABI, as the module
// maps it for the first call; the linker script takes it from the same header.
#pragma once

#include "vmm/base/types.hpp"
#include "vmnix/abi/handover/image.h"

namespace vmm {

// Physical memory: the arena (less the image) and the console's RAM, read-write, never executable.
inline constexpr std::uint64_t kPhysmapVa = VMNIX_PHYSMAP_VA;

// Device registers, uncacheable: the local APIC's page, then one page for each IO-APIC.
inline constexpr std::uint64_t kDeviceVa = 0xffffff0000000000ull;

// One block per CPU; the block's address follows from any stack pointer in it.
inline constexpr std::uint64_t kCpuBlockVa = 0xffffff8000000000ull, kCpuBlockSize = 0x10000;
// Inside a block: guard, stack, guard, the stack for double faults, guard, struct Cpu, guard to the end.
inline constexpr std::uint64_t kStackOffset = 0x1000, kStackSize = 0x4000;
inline constexpr std::uint64_t kFaultStackOffset = 0x6000, kFaultStackSize = 0x1000;
inline constexpr std::uint64_t kCpuOffset = 0x8000, kCpuRoom = 0x7000;

inline constexpr std::uint64_t kImageVa = VMNIX_IMAGE_VA;

} // namespace vmm

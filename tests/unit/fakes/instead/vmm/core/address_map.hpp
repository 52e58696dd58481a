// SPDX-License-Identifier: GPL-2.0-only
// In hosted tests: the VMM's address space moved into the lower half, where a process may map memory, clear of the
// sanitizers' own ranges. Blocks of CPUs are larger, as hosted stacks are.
#pragma once

#include "vmm/base/types.hpp"
#include "vmnix/abi/handover/image.h"

namespace vmm {

inline constexpr std::uint64_t kPhysmapVa = 0x2000'0000'0000;
inline constexpr std::uint64_t kDeviceVa = 0x2800'0000'0000;

inline constexpr std::uint64_t kCpuBlockVa = 0x3000'0000'0000, kCpuBlockSize = 0x100000;
inline constexpr std::uint64_t kStackOffset = 0x1000, kStackSize = 0xe0000;
inline constexpr std::uint64_t kFaultStackOffset = 0xe2000, kFaultStackSize = 0x1000;
inline constexpr std::uint64_t kCpuOffset = 0xf0000, kCpuRoom = 0x8000;

inline constexpr std::uint64_t kImageVa = 0x3800'0000'0000;

} // namespace vmm

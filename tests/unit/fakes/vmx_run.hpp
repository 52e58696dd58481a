// SPDX-License-Identifier: GPL-2.0-only
// In place of vmm/vmx/world_switch.S. What "runs" in the guest is g_guest, as on SVM.
#pragma once

#include <cstdint>

namespace vmm::test {

// Where HOST_RSP points on a CPU that runs.
inline constexpr std::uint64_t kHostRsp = 0x5f00;

// vmx_leave does not return: it throws what the console's driver finds in its registers.
struct Left {
    std::uint64_t rax, cr4, cr2, dr6, dr7, limits;
};

} // namespace vmm::test

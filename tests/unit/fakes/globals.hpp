// SPDX-License-Identifier: GPL-2.0-only
#pragma once

namespace vmm::test {

// Whether the other CPUs come to the rendezvous when one wants to leave.
inline bool g_others_leave = true;

} // namespace vmm::test

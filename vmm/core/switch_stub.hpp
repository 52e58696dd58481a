// SPDX-License-Identifier: GPL-2.0-only
// The one page of code that both sides execute, in the VMM's tables.
#pragma once

#include "vmm/core/vmm.hpp"

namespace vmm {

// The switch stub is mapped only while CPUs change hands. Each CPU calls forget_stub() after it was unmapped.
Result<> map_stub(Vmm &vmm);
void unmap_stub(Vmm &vmm);
void forget_stub(const Vmm &vmm);

} // namespace vmm

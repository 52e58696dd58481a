// SPDX-License-Identifier: GPL-2.0-only
// The one page of code that both sides execute, in the VMM's tables. The VMM has it on a page of its own, so what the
// console writes to the other meanwhile is never executed here.
#pragma once

#include "vmm/core/vmm.hpp"

namespace vmm {

// Copies what the console's driver brought, one page. CPUs do not change hands meanwhile.
Result<> keep_stub(Vmm &vmm, const std::byte *page);

// The switch stub is mapped only while CPUs change hands.
Result<> map_stub(Vmm &vmm);
void unmap_stub(Vmm &vmm);

// The same for a launch, which takes more: each CPU's page, where the console has it. Its tables are in force while the
// CPU passes. Each CPU calls forget_launch() after all was unmapped.
Result<> map_launch(Vmm &vmm);
void unmap_launch(Vmm &vmm);
void forget_launch(const Vmm &vmm, const vmnix_handover_cpu &page);

// Before a CPU goes back by the stub: what arrives from here on is counted in its page.
void use_early_tables(const vmnix_handover_cpu &page);

// The tables above its address, which map nothing, go: the next driver's is another. They become frames again with the
// next call, when every CPU has flushed; Busy before.
Result<> drop_stub_tables(Cpu &cpu);

} // namespace vmm

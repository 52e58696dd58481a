// SPDX-License-Identifier: GPL-2.0-only
// A driver in a console that it did not launch: it lends its switch stub for the way back to the bare machine.
#pragma once

#include "vmm/core/cpu.hpp"
#include "vmnix/abi/hypercall/console.h"

namespace vmm {

// Busy: this console launched the VMM. Exists: the stub's address is one of the VMM's. NotPresent: no page of console
// RAM.
Result<> attach_driver(Cpu &cpu, vmnix_attach &attach);

// The console that lent the stub is gone. Busy while CPUs have not yet heard of the last one that went. Both with the
// memory's lock held.
Result<> forget_driver(Cpu &cpu);

// The first memory from `from` on that is RAM and not the console's. NotFound: there is none.
Result<Range<Hpa>> next_taken(Hpa from);

} // namespace vmm

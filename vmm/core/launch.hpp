// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmm/core/cpu.hpp"

namespace vmm {

// Waits for every vCPU to ask for the same. True: this CPU leaves when its exit loop returns. False: one did not come
// in time, nothing has changed.
bool agree_to_leave(Cpu &cpu);

// After the exit loop: hands registers and interrupts back. The return through the switch stub follows.
void leave_now(Cpu &cpu);

} // namespace vmm

// SPDX-License-Identifier: GPL-2.0-only
// The PCI devices of a console that has ended: they stop writing to memory and sending messages. By configuration
// mechanism #1 (PCI Local Bus 3.0, 3.2.2.3.2), which reaches the first segment's buses.
#pragma once

#include <cstdint>

namespace vmm {

// Every function on the bus that is no host or ISA bridge: bus mastering and interrupts off, MSI and MSI-X disabled.
// What was on its way is in memory when this returns, as the last reading pushes it (PCI Express 4.0, 2.4.1). Returns
// how many functions there are.
unsigned quiesce_bus(unsigned bus);

} // namespace vmm

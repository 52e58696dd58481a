// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/boot/byte_writer.hpp"

namespace console {

// The devices that no bus finds: processors, COM1, the clock; and how to turn the VM off.
Bytes acpi_dsdt(unsigned vcpus);

} // namespace console

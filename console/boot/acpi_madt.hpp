// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/boot/byte_writer.hpp"

namespace console {

// The interrupt controllers: a local APIC per vCPU, one IO-APIC, two 8259As.
Bytes acpi_madt(unsigned vcpus);

} // namespace console

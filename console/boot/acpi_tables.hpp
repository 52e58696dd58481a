// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <vector>

#include "console/boot/boot_image.hpp"

namespace console {

// ACPI's tables of the virtual PC, one segment each; the first is the RSDP, at layout::acpi_area.
std::vector<Segment> acpi_tables(unsigned vcpus);

} // namespace console

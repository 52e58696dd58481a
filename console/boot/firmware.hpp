// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>

#include "console/boot/memory_plan.hpp"

namespace console {

// What a PC's firmware leaves in the first MiB: BIOS data, ACPI's and the MP table. Gives the RSDP's address.
std::uint64_t put_firmware(MemoryPlan &plan, unsigned vcpus);

} // namespace console

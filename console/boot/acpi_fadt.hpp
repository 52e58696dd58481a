// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>

#include "console/boot/byte_writer.hpp"

namespace console {

// The fixed hardware: power management timer, power button, reset register.
Bytes acpi_fadt(std::uint32_t facs, std::uint32_t dsdt);

} // namespace console

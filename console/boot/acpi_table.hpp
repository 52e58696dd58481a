// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "console/boot/byte_writer.hpp"

namespace console {

// What makes the sum of all bytes zero.
std::uint8_t acpi_checksum(std::span<const std::byte> bytes);

inline constexpr std::string_view acpi_oem_id = "VMNIX ";
inline constexpr std::size_t acpi_header_size = 36;

// A table with the header of ACPI 6.5, section 5.2.6, before its body.
Bytes acpi_table(std::string_view signature, std::uint8_t revision, std::span<const std::byte> body);

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "console/boot/byte_writer.hpp"

// As much of AML (ACPI 6.5, chapter 20) as it takes to say which devices there are. Each function gives a whole term.
namespace console::aml {

Bytes join(std::span<const Bytes> terms);

// Objects.
Bytes integer(std::uint64_t value);
Bytes string(std::string_view text);
Bytes eisa_id(std::string_view id); // of three capitals and four hexadecimal digits
Bytes package(std::span<const Bytes> elements);
Bytes buffer(std::span<const std::byte> content);

// Named things; a segment has four characters, a path in the root begins with a backslash.
Bytes name(std::string_view path, const Bytes &object);
Bytes device(std::string_view segment, std::span<const Bytes> terms);
Bytes scope(std::string_view path, std::span<const Bytes> terms);

// Resources, section 6.4.2, and the buffer that _CRS takes them in.
Bytes io_ports(std::uint16_t base, std::uint8_t count);
Bytes interrupt(unsigned irq);
Bytes resources(std::span<const Bytes> descriptors);

} // namespace console::aml

// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/acpi_table.hpp"

namespace console {

std::uint8_t acpi_checksum(std::span<const std::byte> bytes) {
    unsigned sum = 0;
    for (const std::byte byte : bytes)
        sum += std::to_integer<unsigned>(byte);
    return static_cast<std::uint8_t>(0x100 - (sum & 0xff));
}

Bytes acpi_table(std::string_view signature, std::uint8_t revision, std::span<const std::byte> body) {
    constexpr std::size_t checksum_at = 9;
    ByteWriter table;
    table.text(signature).u32(static_cast<std::uint32_t>(acpi_header_size + body.size())).u8(revision).u8(0);
    table.text(acpi_oem_id).text("VMNIXVPC").u32(1); // OEM table ID and revision
    table.text("VMNX").u32(1);                       // creator ID and revision
    Bytes bytes = table.bytes(body).take();
    store<std::uint8_t>(bytes, checksum_at, acpi_checksum(bytes));
    return bytes;
}

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/firmware.hpp"

#include "console/boot/acpi_tables.hpp"
#include "console/boot/layout.hpp"
#include "console/boot/mp_table.hpp"

namespace console {

namespace {

// What of the BIOS data area is still read: by those who look for COM1, the MP table or the RSDP.
Bytes bios_data() {
    Bytes bytes(layout::bios_data_end - layout::bios_data_area);
    store<std::uint16_t>(bytes, 0x00, layout::com1_port);
    store<std::uint16_t>(bytes, 0x0e, layout::base_memory_end >> 4); // the extended area's segment
    store<std::uint16_t>(bytes, 0x10, 1u << 9);                      // equipment: one serial port
    store<std::uint16_t>(bytes, 0x13, layout::base_memory_end / layout::kib);
    return bytes;
}

// Begins with its own size in KiB.
Bytes extended_bios_data() {
    return ByteWriter().u16(1).take();
}

} // namespace

std::uint64_t put_firmware(MemoryPlan &plan, unsigned vcpus) {
    plan.claim("the interrupt vectors and BIOS data", 0, layout::bios_data_end);
    plan.claim("the firmware's area", layout::base_memory_end, layout::first_mib_end - layout::base_memory_end);
    plan.fill(layout::bios_data_area, bios_data());
    plan.fill(layout::base_memory_end, extended_bios_data());
    plan.fill(layout::mp_area, mp_table(vcpus));
    for (Segment &table : acpi_tables(vcpus))
        plan.fill(table.address, std::move(table.bytes));
    return layout::acpi_area;
}

} // namespace console

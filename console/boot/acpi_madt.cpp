// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/acpi_madt.hpp"

#include "console/boot/acpi_table.hpp"
#include "console/boot/layout.hpp"

namespace console {

namespace {

constexpr std::uint8_t madt_revision = 5;
constexpr std::uint32_t pcat_compat = 1; // there are 8259As too

// Types of interrupt controller structures, ACPI 6.5, table 5.20.
enum class Type : std::uint8_t { LocalApic = 0, IoApic = 1, SourceOverride = 2, LocalApicNmi = 4 };

// MPS INTI flags, table 5.25.
constexpr std::uint16_t as_the_bus_has_it = 0;
constexpr std::uint16_t level_active_high = 0x0d;

ByteWriter &begin(ByteWriter &table, Type type, std::uint8_t size) {
    return table.u8(static_cast<std::uint8_t>(type)).u8(size);
}

void add_local_apic(ByteWriter &table, std::uint8_t number) {
    constexpr std::uint32_t enabled = 1;
    begin(table, Type::LocalApic, 8).u8(number).u8(number).u32(enabled); // processor UID, APIC ID
}

void add_override(ByteWriter &table, std::uint8_t irq, std::uint8_t gsi, std::uint16_t flags) {
    constexpr std::uint8_t isa = 0;
    begin(table, Type::SourceOverride, 10).u8(isa).u8(irq).u32(gsi).u16(flags);
}

} // namespace

Bytes acpi_madt(unsigned vcpus) {
    constexpr std::uint8_t all_processors = 0xff, lint1 = 1;
    ByteWriter body;
    body.u32(layout::local_apic_base).u32(pcat_compat);
    for (unsigned i = 0; i < vcpus; ++i)
        add_local_apic(body, static_cast<std::uint8_t>(i));
    begin(body, Type::IoApic, 12).u8(layout::io_apic_id).u8(0).u32(layout::io_apic_base).u32(0); // GSIs from 0
    add_override(body, layout::timer_irq, layout::timer_gsi, as_the_bus_has_it);
    add_override(body, layout::sci_irq, layout::sci_irq, level_active_high);
    begin(body, Type::LocalApicNmi, 6).u8(all_processors).u16(as_the_bus_has_it).u8(lint1);
    return acpi_table("APIC", madt_revision, body.take());
}

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/mp_table.hpp"

#include "console/boot/acpi_table.hpp"
#include "console/boot/layout.hpp"

namespace console {

namespace {

constexpr std::uint8_t spec_revision = 4; // 1.4
constexpr std::size_t pointer_size = 16;
constexpr std::size_t header_size = 44;

// Entry types and interrupt types, MP 1.4, sections 4.3 and 4.3.4.
enum class Entry : std::uint8_t { Processor, Bus, IoApic, IoInterrupt, LocalInterrupt };
enum class Interrupt : std::uint8_t { Vectored = 0, Nmi = 1, ExtInt = 3 };

constexpr std::uint8_t isa_bus = 0;
constexpr std::uint8_t all_apics = 0xff;
constexpr std::uint16_t as_the_bus_has_it = 0;
constexpr std::uint16_t level_active_high = 0x0d;

class Table {
  public:
    ByteWriter &begin(Entry type) {
        ++count_;
        return entries_.u8(static_cast<std::uint8_t>(type));
    }
    void interrupt(Entry entry, Interrupt type, std::uint16_t flags, std::uint8_t irq, std::uint8_t apic,
                   std::uint8_t pin) {
        begin(entry).u8(static_cast<std::uint8_t>(type)).u16(flags).u8(isa_bus).u8(irq).u8(apic).u8(pin);
    }
    Bytes with_header();

  private:
    ByteWriter entries_;
    std::uint16_t count_ = 0;
};

// Section 4.2.
Bytes Table::with_header() {
    constexpr std::size_t checksum_at = 7;
    ByteWriter table;
    table.text("PCMP").u16(static_cast<std::uint16_t>(header_size + entries_.size())).u8(spec_revision).u8(0);
    table.text("VMNIX   ").text("VIRTUAL PC  ").zeros(6); // no OEM table
    table.u16(count_).u32(layout::local_apic_base).zeros(4);
    Bytes bytes = table.bytes(entries_.take()).take();
    store<std::uint8_t>(bytes, checksum_at, acpi_checksum(bytes));
    return bytes;
}

// Section 4.3.1. Whoever wants to know the model asks CPUID.
void add_processor(Table &table, unsigned number) {
    constexpr std::uint8_t enabled = 1, bootstrap = 2;
    constexpr std::uint32_t signature = 0x600, features = 0x201; // family 6; FPU and APIC
    const auto flags = static_cast<std::uint8_t>(number == 0 ? enabled | bootstrap : enabled);
    table.begin(Entry::Processor)
        .u8(static_cast<std::uint8_t>(number))
        .u8(layout::local_apic_version)
        .u8(flags)
        .u32(signature)
        .u32(features)
        .zeros(8);
}

void add_interrupts(Table &table) {
    for (std::uint8_t irq = 0; irq < layout::isa_interrupts; ++irq) {
        if (irq == layout::cascade_irq)
            continue;
        const std::uint8_t pin = irq == layout::timer_irq ? layout::timer_gsi : irq;
        const std::uint16_t flags = irq == layout::sci_irq ? level_active_high : as_the_bus_has_it;
        table.interrupt(Entry::IoInterrupt, Interrupt::Vectored, flags, irq, layout::io_apic_id, pin);
    }
    table.interrupt(Entry::LocalInterrupt, Interrupt::ExtInt, as_the_bus_has_it, 0, all_apics, 0);
    table.interrupt(Entry::LocalInterrupt, Interrupt::Nmi, as_the_bus_has_it, 0, all_apics, 1);
}

// Section 4.1. Without IMCR: the VM is in virtual wire mode.
Bytes floating_pointer(std::uint32_t table) {
    constexpr std::size_t checksum_at = 10;
    constexpr std::uint8_t paragraphs = pointer_size / 16;
    Bytes bytes = ByteWriter().text("_MP_").u32(table).u8(paragraphs).u8(spec_revision).zeros(6).take();
    store<std::uint8_t>(bytes, checksum_at, acpi_checksum(bytes));
    return bytes;
}

} // namespace

Bytes mp_table(unsigned vcpus) {
    constexpr std::uint8_t usable = 1;
    Table table;
    for (unsigned i = 0; i < vcpus; ++i)
        add_processor(table, i);
    table.begin(Entry::Bus).u8(isa_bus).text("ISA   ");
    table.begin(Entry::IoApic).u8(layout::io_apic_id).u8(layout::io_apic_version).u8(usable).u32(layout::io_apic_base);
    add_interrupts(table);
    ByteWriter both;
    both.bytes(floating_pointer(layout::mp_area + pointer_size)).bytes(table.with_header());
    return both.take();
}

} // namespace console

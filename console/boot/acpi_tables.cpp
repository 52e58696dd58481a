// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/acpi_tables.hpp"

#include <span>
#include <string_view>

#include "console/boot/acpi_dsdt.hpp"
#include "console/boot/acpi_fadt.hpp"
#include "console/boot/acpi_madt.hpp"
#include "console/boot/acpi_table.hpp"
#include "console/boot/layout.hpp"

namespace console {

namespace {

constexpr std::size_t table_alignment = 64; // the FACS wants 64 bytes, section 5.2.10
constexpr std::size_t rsdp_size = 36;

// Places tables one behind the other and remembers where.
class TableArea {
  public:
    explicit TableArea(std::uint64_t begin) : next_(begin) {}

    std::uint32_t add(Bytes table) {
        const std::uint64_t address = next_;
        next_ += (table.size() + table_alignment - 1) / table_alignment * table_alignment;
        segments_.push_back({address, std::move(table)});
        return static_cast<std::uint32_t>(address);
    }
    std::vector<Segment> take() { return std::move(segments_); }

  private:
    std::uint64_t next_;
    std::vector<Segment> segments_;
};

// Section 5.2.10. Nobody wakes the VM, so there are no vectors.
Bytes facs() {
    constexpr std::uint8_t version = 2;
    ByteWriter table;
    table.text("FACS").u32(64).zeros(24).u8(version);
    return table.zeros(64 - table.size()).take();
}

// Sections 5.2.7 and 5.2.8: the same list for those who know 32-bit addresses and for those who know 64-bit ones.
Bytes rsdt(std::span<const std::uint32_t> tables) {
    ByteWriter body;
    for (const std::uint32_t table : tables)
        body.u32(table);
    return acpi_table("RSDT", 1, body.take());
}

Bytes xsdt(std::span<const std::uint32_t> tables) {
    ByteWriter body;
    for (const std::uint32_t table : tables)
        body.u64(table);
    return acpi_table("XSDT", 1, body.take());
}

// Section 5.2.5.3: the first checksum covers what ACPI 1.0 knew, the second all.
Bytes rsdp(std::uint32_t rsdt_address, std::uint32_t xsdt_address) {
    constexpr std::uint8_t revision = 2;
    constexpr std::size_t first_size = 20, first_checksum = 8, second_checksum = 32;
    ByteWriter table;
    table.text("RSD PTR ").u8(0).text(acpi_oem_id).u8(revision).u32(rsdt_address);
    table.u32(rsdp_size).u64(xsdt_address).zeros(4);
    Bytes bytes = table.take();
    store<std::uint8_t>(bytes, first_checksum, acpi_checksum(std::span(bytes).first(first_size)));
    store<std::uint8_t>(bytes, second_checksum, acpi_checksum(bytes));
    return bytes;
}

} // namespace

std::vector<Segment> acpi_tables(unsigned vcpus) {
    TableArea area(layout::acpi_area + table_alignment); // the RSDP's place
    const std::uint32_t facs_address = area.add(facs());
    const std::uint32_t dsdt_address = area.add(acpi_dsdt(vcpus));
    const std::uint32_t tables[] = {area.add(acpi_fadt(facs_address, dsdt_address)), area.add(acpi_madt(vcpus))};
    const std::uint32_t rsdt_address = area.add(rsdt(tables));
    const std::uint32_t xsdt_address = area.add(xsdt(tables));
    std::vector<Segment> segments = area.take();
    segments.insert(segments.begin(), {layout::acpi_area, rsdp(rsdt_address, xsdt_address)});
    return segments;
}

} // namespace console

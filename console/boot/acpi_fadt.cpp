// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/acpi_fadt.hpp"

#include "console/boot/acpi_table.hpp"
#include "console/boot/layout.hpp"

namespace console {

namespace {

constexpr std::uint8_t fadt_revision = 6, fadt_minor = 3;
constexpr std::size_t fadt_size = 276;

// Bits of Flags, ACPI 6.5, table 5.10. No bit 4: the power button is a fixed one.
constexpr std::uint32_t wbinvd = 1u << 0;
constexpr std::uint32_t processors_have_c1 = 1u << 2;
constexpr std::uint32_t no_fixed_sleep_button = 1u << 5;
constexpr std::uint32_t rtc_wake_not_fixed = 1u << 6;
constexpr std::uint32_t timer_has_32_bits = 1u << 8;
constexpr std::uint32_t reset_register = 1u << 10;
constexpr std::uint32_t headless = 1u << 12;

// Bits of IAPC_BOOT_ARCH, table 5.11. No bit 1: no 8042; no bit 5: there is a CMOS RTC.
constexpr std::uint16_t legacy_devices = 1u << 0; // COM1
constexpr std::uint16_t no_vga = 1u << 2;
constexpr std::uint16_t no_msi = 1u << 3;
constexpr std::uint16_t no_aspm = 1u << 4;

constexpr std::uint8_t profile_enterprise_server = 4;
constexpr std::uint16_t no_c2 = 101, no_c3 = 1001; // latencies above the largest of their kind

enum class AccessSize : std::uint8_t { Undefined, Byte, Word, Dword };

// A generic address in I/O space, section 5.2.3.2; without a port one of a register that is not there.
void add_address(ByteWriter &table, std::uint16_t port, std::uint8_t bits, AccessSize access) {
    const std::uint8_t io_space = port ? 1 : 0;
    table.u8(io_space).u8(bits).u8(0).u8(static_cast<std::uint8_t>(access)).u64(port);
}

void add_ports(ByteWriter &table) {
    table.u32(layout::pm1a_event).u32(0).u32(layout::pm1a_control).u32(0).u32(0); // PM1b and PM2 are not there
    table.u32(layout::pm_timer).u32(0).u32(0);                                    // nor are GPE0 and GPE1
    table.u8(layout::pm1a_event_size).u8(layout::pm1a_control_size).u8(0).u8(layout::pm_timer_size);
    table.zeros(4); // GPE0's and GPE1's lengths, GPE1's base, CST_CNT
}

void add_extended_addresses(ByteWriter &table) {
    const auto none = [&] { add_address(table, 0, 0, AccessSize::Undefined); };
    add_address(table, layout::pm1a_event, layout::pm1a_event_size * 8, AccessSize::Word);
    none(); // PM1b event
    add_address(table, layout::pm1a_control, layout::pm1a_control_size * 8, AccessSize::Word);
    none(); // PM1b control
    none(); // PM2 control
    add_address(table, layout::pm_timer, layout::pm_timer_size * 8, AccessSize::Dword);
    none(); // GPE0
    none(); // GPE1
    none(); // sleep control
    none(); // sleep status
}

} // namespace

// Section 5.2.9, field by field. CENTURY is 0, as the CMOS keeps none: software then takes it for the 21st.
Bytes acpi_fadt(std::uint32_t facs, std::uint32_t dsdt) {
    ByteWriter body;
    body.u32(facs).u32(dsdt).u8(0).u8(profile_enterprise_server).u16(layout::sci_irq);
    body.u32(0).zeros(4); // SMI_CMD is not there, so neither are its four values
    add_ports(body);
    body.u16(no_c2).u16(no_c3).u16(0).u16(0); // FLUSH_SIZE and _STRIDE are for CPUs without WBINVD
    body.zeros(5);                            // DUTY_OFFSET, DUTY_WIDTH, DAY_ALRM, MON_ALRM, CENTURY
    body.u16(legacy_devices | no_vga | no_msi | no_aspm).u8(0);
    body.u32(wbinvd | processors_have_c1 | no_fixed_sleep_button | rtc_wake_not_fixed | timer_has_32_bits |
             reset_register | headless);
    add_address(body, layout::reset_port, 8, AccessSize::Byte);
    body.u8(layout::reset_value).u16(0).u8(fadt_minor); // ARM_BOOT_ARCH
    body.u64(0).u64(dsdt);                              // X_FIRMWARE_CTRL only if FIRMWARE_CTRL were 0
    add_extended_addresses(body);
    body.text("VMNIX").zeros(3); // hypervisor vendor identity
    body.zeros(fadt_size - acpi_header_size - body.size());
    return acpi_table("FACP", fadt_revision, body.take());
}

} // namespace console

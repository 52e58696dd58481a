// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/acpi_dsdt.hpp"

#include <fmt/format.h>
#include <string_view>
#include <vector>

#include "console/boot/acpi_table.hpp"
#include "console/boot/aml.hpp"
#include "console/boot/layout.hpp"

namespace console {

namespace {

constexpr std::uint8_t dsdt_revision = 2; // integers have 64 bits

// With an interrupt: Linux would unmask the timer's and the cascade's pins for devices that claim them, so the 8254 and
// the 8259As, which everybody finds anyway, are not here.
struct IsaDevice {
    std::string_view segment;
    std::string_view id;
    std::uint16_t base;
    std::uint8_t ports;
    std::uint8_t irq;
};

constexpr IsaDevice isa_devices[] = {
    {"RTC_", "PNP0B00", layout::rtc_port, 2, layout::rtc_irq},
    {"COM1", "PNP0501", layout::com1_port, 8, layout::com1_irq},
};

Bytes isa_device(const IsaDevice &device) {
    const Bytes resources[] = {aml::io_ports(device.base, device.ports), aml::interrupt(device.irq)};
    const Bytes terms[] = {aml::name("_HID", aml::eisa_id(device.id)), aml::name("_UID", aml::integer(1)),
                           aml::name("_CRS", aml::resources(resources))};
    return aml::device(device.segment, terms);
}

// _UID is what the MADT calls the processor by.
Bytes processor(unsigned number) {
    const Bytes terms[] = {aml::name("_HID", aml::string("ACPI0007")), aml::name("_UID", aml::integer(number))};
    return aml::device(fmt::format("C{:03X}", number), terms);
}

// Section 7.4.2: SLP_TYPa, SLP_TYPb, two reserved.
Bytes s5() {
    const Bytes values[] = {aml::integer(layout::s5_sleep_type), aml::integer(layout::s5_sleep_type), aml::integer(0),
                            aml::integer(0)};
    return aml::name("\\_S5_", aml::package(values));
}

} // namespace

Bytes acpi_dsdt(unsigned vcpus) {
    std::vector<Bytes> devices;
    for (unsigned i = 0; i < vcpus; ++i)
        devices.push_back(processor(i));
    for (const IsaDevice &device : isa_devices)
        devices.push_back(isa_device(device));
    const Bytes terms[] = {s5(), aml::scope("\\_SB_", devices)};
    return acpi_table("DSDT", dsdt_revision, aml::join(terms));
}

} // namespace console

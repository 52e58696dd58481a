// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>

// The virtual PC, as the loader's tables describe it and the VMM emulates it. Nothing else in console/boot knows these
// numbers.
namespace console::layout {

inline constexpr std::uint64_t kib = 1024;
inline constexpr std::uint64_t mib = 1024 * kib;
inline constexpr std::uint64_t gib = 1024 * mib;
inline constexpr std::uint64_t page = 4 * kib;

// RAM is [0, min(memory, low_ram_limit)); the rest begins at high_ram_base.
inline constexpr std::uint64_t low_ram_limit = 3 * gib;
inline constexpr std::uint64_t high_ram_base = 4 * gib;
inline constexpr std::uint64_t memory_min = 2 * mib; // below it there is none above the first MiB
inline constexpr std::uint64_t memory_max = 1024 * gib;

// APIC IDs are the vCPUs' numbers; 255 means all of them.
inline constexpr unsigned vcpus_max = 255;

// The first MiB. All of it is RAM; what is above base_memory_end is reserved in the map, and no image is loaded there.
inline constexpr std::uint64_t bios_data_area = 0x400;
inline constexpr std::uint64_t bios_data_end = 0x500;
inline constexpr std::uint64_t base_memory_end = 0x9fc00; // the extended BIOS data area takes the last KiB of 640
inline constexpr std::uint64_t acpi_area = 0xe0000;       // searched for the RSDP, as all up to first_mib_end is
inline constexpr std::uint64_t mp_area = 0xf0000;         // searched for the MP floating pointer
inline constexpr std::uint64_t first_mib_end = 0x100000;

// Interrupt controllers. The ID is the largest that the 82093AA's four bits hold (IOAPICID): no vCPU's below the 16th.
inline constexpr std::uint32_t io_apic_base = 0xfec00000;
inline constexpr std::uint8_t io_apic_id = 15;
inline constexpr std::uint8_t io_apic_version = 0x11;
inline constexpr std::uint8_t io_apic_pins = 24;
inline constexpr std::uint32_t local_apic_base = 0xfee00000;
inline constexpr std::uint8_t local_apic_version = 0x14;
inline constexpr std::uint8_t isa_interrupts = 16;
inline constexpr std::uint8_t timer_irq = 0;
inline constexpr std::uint8_t timer_gsi = 2;
inline constexpr std::uint8_t cascade_irq = 2; // the second 8259A's output; its pin is the timer's
inline constexpr std::uint8_t sci_irq = 9;     // level, active high

// Power management, ACPI 6.5 section 4.8. SCI_EN is always set: there is no SMI_CMD to set it.
inline constexpr std::uint16_t pm1a_event = 0x600; // status, enable
inline constexpr std::uint8_t pm1a_event_size = 4;
inline constexpr std::uint16_t pm1a_control = 0x604;
inline constexpr std::uint8_t pm1a_control_size = 2;
inline constexpr std::uint16_t pm_timer = 0x608; // 32 bits wide
inline constexpr std::uint8_t pm_timer_size = 4;
inline constexpr std::uint8_t s5_sleep_type = 5; // SLP_TYPx of PM1a_CNT that, with SLP_EN, turns the VM off
inline constexpr std::uint16_t reset_port = 0xcf9;
inline constexpr std::uint8_t reset_value = 6;

// ISA devices.
inline constexpr std::uint16_t com1_port = 0x3f8;
inline constexpr std::uint8_t com1_irq = 4;
inline constexpr std::uint16_t rtc_port = 0x70;
inline constexpr std::uint8_t rtc_irq = 8;
inline constexpr std::uint16_t pit_port = 0x40;
inline constexpr std::uint16_t first_pic_port = 0x20;
inline constexpr std::uint16_t second_pic_port = 0xa0;

constexpr std::uint64_t low_ram_end(std::uint64_t memory) {
    return memory < low_ram_limit ? memory : low_ram_limit;
}

} // namespace console::layout

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "console/boot/byte_writer.hpp"
#include "console/boot/linux_kernel.hpp"
#include "console/service_console/firmware_map.hpp"

namespace console {

// What a kernel is told of the machine and of the files that lie with it: boot.rst, "zero page".
struct ZeroPageFacts {
    std::span<const std::byte> running; // the one that the running kernel was given
    std::uint64_t rsdp = 0;             // 0: the kernel finds it by itself
    std::span<const FirmwareRange> map;
    std::uint64_t kernel = 0; // where it lies
    std::uint64_t command_line = 0;
    std::uint64_t initrd = 0, initrd_size = 0;
};

Bytes restart_zero_page(const LinuxKernel &kernel, const ZeroPageFacts &facts);

// From the files of the running kernel. Failure, if it does not show its own zero page.
Bytes read_zero_page(const std::filesystem::path &root);
// ACPI's root pointer, which on an EFI machine only the firmware's table knows; 0, where memory is to be searched.
std::uint64_t read_rsdp(const std::filesystem::path &root, std::span<const std::byte> zero_page);

} // namespace console

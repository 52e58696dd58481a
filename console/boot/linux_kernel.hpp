// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "console/boot/file_view.hpp"

namespace console {

// A bzImage and what its setup header tells (Linux, Documentation/arch/x86/boot.rst).
struct LinuxKernel {
    std::uint16_t version = 0;                 // of the boot protocol
    std::span<const std::byte> setup_header;   // from setup_header_at on, as it goes into the zero page
    std::span<const std::byte> protected_mode; // the part that is loaded
    std::string release;                       // as uname -r; empty, if the file does not tell
    bool relocatable = false;                  // may lie at any multiple of `alignment` from load_address on
    std::uint64_t alignment = 1;
    std::uint64_t load_address = 0;
    std::uint64_t area_begin = 0, area_end = 0; // what it uses before it has read the memory map
    std::uint64_t initrd_end = 0;               // the initrd lies below
    std::uint64_t command_line_max = 0;         // without the zero at its end

    static bool recognise(const FileView &file);
    // Failure, if the file is cut short, too old, or contradicts itself.
    static LinuxKernel parse(const FileView &file);
};

// The header's place in the file is its place in the zero page.
inline constexpr std::uint64_t setup_header_at = 0x1f1;

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <optional>

#include "console/boot/file_view.hpp"

namespace console {

// The header of the Multiboot Specification 0.6.96, section 3.1, which is somewhere in a kernel's first 8 KiB.
struct MultibootHeader {
    std::uint64_t offset = 0; // in the file
    std::uint32_t flags = 0;
    // With flag 16, else 0: for kernels that are not ELF files.
    std::uint32_t header_address = 0;
    std::uint32_t load_address = 0;
    std::uint32_t load_end = 0; // 0: all of the file
    std::uint32_t bss_end = 0;  // 0: no bss
    std::uint32_t entry = 0;

    bool has_addresses() const { return flags & 1u << 16; }

    // Nothing, if there is none whose checksum is right.
    static std::optional<MultibootHeader> find(const FileView &file);
    // Failure, if the kernel asks for what the loader does not know.
    void check(const FileView &file) const;
};

// Whether there is a header but for its checksum: for a better message.
bool has_damaged_multiboot_header(const FileView &file);

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>

#include "console/boot/elf_file.hpp"
#include "console/boot/multiboot_header.hpp"

namespace console {

// Multiboot 0.6.96: the kernel, the information structure and what that points to. Gives the entry state. The file
// is loaded by the header's addresses, if it has some, or else as ELF.
VcpuState prepare_multiboot(MemoryPlan &plan, BootRequest &request, const FileView &file, const MultibootHeader &header,
                            const std::optional<ElfFile> &elf);

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <optional>

#include "console/boot/elf_file.hpp"

namespace console {

// The 32-bit entry that a PVH kernel names in the note XEN_ELFNOTE_PHYS32_ENTRY; nothing, if there is no such note.
std::optional<std::uint64_t> pvh_entry(const ElfFile &elf);

// Xen's "x86/HVM direct boot ABI": the kernel, hvm_start_info and what that points to. Gives the entry state.
VcpuState prepare_pvh(MemoryPlan &plan, BootRequest &request, const FileView &file, const ElfFile &elf,
                      std::uint64_t rsdp);

} // namespace console

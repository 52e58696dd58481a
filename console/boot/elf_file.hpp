// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "console/boot/file_view.hpp"
#include "console/boot/memory_plan.hpp"

namespace console {

struct ElfSegment {
    std::uint64_t virtual_address;
    std::uint64_t physical_address;
    std::uint64_t memory_size;
    std::span<const std::byte> bytes; // the rest is zero
};

// An executable for x86 of 32 or 64 bits, as a kernel's loader needs it.
struct ElfFile {
    std::uint64_t entry = 0; // as linked; the header says it virtual
    std::vector<ElfSegment> segments;
    std::vector<std::span<const std::byte>> notes; // of PT_NOTE segments
    std::vector<std::uint64_t> note_alignments;    // of the same

    static bool recognise(const FileView &file) { return file.has("\177ELF", 0); }
    static ElfFile parse(const FileView &file);

    // By p_paddr. Failure, if that is not RAM, or not free.
    void load(MemoryPlan &plan, const FileView &file) const;
    bool loads(std::uint64_t physical_address) const;
    // A virtual address as the physical one that it is loaded to; itself, if no segment has it.
    std::uint64_t physical(std::uint64_t virtual_address) const;
};

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/elf_file.hpp"

#include <algorithm>
#include <elf.h>
#include <fmt/format.h>

#include "console/boot/layout.hpp"

namespace console {

namespace {

constexpr std::size_t segments_max = 128; // kernels have about five

template <class T> T structure(const FileView &file, std::uint64_t offset) {
    T value;
    std::memcpy(&value, file.slice(offset, sizeof value).data(), sizeof value);
    return value;
}

void check_identity(const FileView &file) {
    if (file.get<std::uint8_t>(EI_DATA) != ELFDATA2LSB || file.get<std::uint8_t>(EI_VERSION) != EV_CURRENT)
        file.refuse("it is an ELF file, but not a little-endian one of version 1", "take a kernel for x86");
}

template <class Header> void check_header(const FileView &file, const Header &header, std::size_t entry_size) {
    if (header.e_machine != EM_386 && header.e_machine != EM_X86_64)
        file.refuse(fmt::format("it is for another machine ({})", header.e_machine), "take a kernel for x86");
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
        file.refuse("it is an ELF file, but not one that can be run", "take the linked kernel");
    if (header.e_phnum == 0 || header.e_phnum > segments_max)
        file.refuse(fmt::format("it has {} program headers, 1 to {} make sense", header.e_phnum, segments_max),
                    "get the file again");
    if (header.e_phentsize != entry_size)
        file.refuse(fmt::format("its program headers have {} bytes instead of {}", header.e_phentsize, entry_size),
                    "get the file again");
}

template <class Segment> void add_segment(ElfFile &elf, const FileView &file, const Segment &segment) {
    if (segment.p_type == PT_NOTE) {
        elf.notes.push_back(file.slice(segment.p_offset, segment.p_filesz));
        elf.note_alignments.push_back(segment.p_align);
    }
    if (segment.p_type != PT_LOAD || segment.p_memsz == 0)
        return;
    if (segment.p_filesz > segment.p_memsz)
        file.refuse(fmt::format("a segment has {:#x} bytes in the file and {:#x} in memory",
                                std::uint64_t{segment.p_filesz}, std::uint64_t{segment.p_memsz}),
                    "get the file again");
    elf.segments.push_back(
        {segment.p_vaddr, segment.p_paddr, segment.p_memsz, file.slice(segment.p_offset, segment.p_filesz)});
}

template <class Header, class Segment> ElfFile parse_as(const FileView &file) {
    const auto header = structure<Header>(file, 0);
    check_header(file, header, sizeof(Segment));
    ElfFile elf;
    elf.entry = header.e_entry;
    const FileView table(file.name(), file.slice(header.e_phoff, header.e_phnum * sizeof(Segment)));
    for (std::size_t i = 0; i < header.e_phnum; ++i)
        add_segment(elf, file, structure<Segment>(table, i * sizeof(Segment)));
    if (elf.segments.empty())
        file.refuse("it has no segment to load", "take the linked kernel");
    return elf;
}

bool within(std::uint64_t address, std::uint64_t begin, std::uint64_t size) {
    return address >= begin && address - begin < size;
}

} // namespace

ElfFile ElfFile::parse(const FileView &file) {
    check_identity(file);
    switch (file.get<std::uint8_t>(EI_CLASS)) {
    case ELFCLASS32:
        return parse_as<Elf32_Ehdr, Elf32_Phdr>(file);
    case ELFCLASS64:
        return parse_as<Elf64_Ehdr, Elf64_Phdr>(file);
    default:
        file.refuse("it is an ELF file of neither 32 nor 64 bits", "get the file again");
    }
}

void ElfFile::load(MemoryPlan &plan, const FileView &file) const {
    for (const ElfSegment &segment : segments) {
        plan.claim(fmt::format("a segment of {}", file.name()), segment.physical_address, segment.memory_size);
        plan.fill(segment.physical_address, Bytes(segment.bytes.begin(), segment.bytes.end()));
    }
}

bool ElfFile::loads(std::uint64_t physical_address) const {
    return std::ranges::any_of(segments, [=](const ElfSegment &segment) {
        return within(physical_address, segment.physical_address, segment.memory_size);
    });
}

std::uint64_t ElfFile::physical(std::uint64_t virtual_address) const {
    const auto found = std::ranges::find_if(segments, [=](const ElfSegment &segment) {
        return within(virtual_address, segment.virtual_address, segment.memory_size);
    });
    return found == segments.end() ? virtual_address
                                   : virtual_address - found->virtual_address + found->physical_address;
}

} // namespace console

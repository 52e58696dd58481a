// SPDX-License-Identifier: GPL-2.0-only
// VMM images made to measure: a good one, of which a test spoils one thing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <vector>

#include "vmnix/abi/handover/image.h"

namespace vmnix_unit {

// Header, read-only, executable and writable segment, packed tightly in the file.
struct ImageBuilder {
    static constexpr std::uint64_t kPage = 4096;

    Elf64_Ehdr file{};
    std::vector<Elf64_Phdr> programs;
    vmnix_image_header header{};

    ImageBuilder() {
        std::memcpy(file.e_ident, ELFMAG, SELFMAG);
        file.e_ident[EI_CLASS] = ELFCLASS64;
        file.e_ident[EI_DATA] = ELFDATA2LSB;
        file.e_type = ET_EXEC;
        file.e_machine = EM_X86_64;
        file.e_phoff = sizeof(file);
        file.e_phentsize = sizeof(Elf64_Phdr);
        add(PT_LOAD, PF_R, VMNIX_IMAGE_VA, sizeof(header), sizeof(header));
        add(PT_LOAD, PF_R | PF_X, VMNIX_IMAGE_VA + kPage, 16, 16);
        add(PT_LOAD, PF_R | PF_W, VMNIX_IMAGE_VA + 2 * kPage, 8, 2 * kPage);
        header.magic = VMNIX_IMAGE_MAGIC;
        header.handover_abi = VMNIX_HANDOVER_ABI;
        header.header_size = sizeof(header);
        header.loaded_size = 4 * kPage;
        header.entry = VMNIX_IMAGE_VA + kPage + 4;
        std::memcpy(header.version, "1.2.3", 6);
    }

    void add(std::uint32_t type, std::uint32_t flags, std::uint64_t va, std::uint64_t file_size, std::uint64_t size) {
        Elf64_Phdr program{};
        program.p_type = type;
        program.p_flags = flags;
        program.p_vaddr = va;
        program.p_filesz = file_size;
        program.p_memsz = size;
        programs.push_back(program);
        file.e_phnum = static_cast<Elf64_Half>(programs.size());
        place();
    }

    // Segments' bytes follow one another after the program headers.
    void place() {
        std::uint64_t at = sizeof(file) + programs.size() * sizeof(Elf64_Phdr);
        for (Elf64_Phdr &program : programs) {
            program.p_offset = at;
            at += program.p_filesz;
        }
        size = at;
    }

    std::vector<std::uint8_t> build() const {
        std::vector<std::uint8_t> bytes(size);
        std::memcpy(bytes.data(), &file, sizeof(file));
        std::memcpy(bytes.data() + sizeof(file), programs.data(), programs.size() * sizeof(Elf64_Phdr));
        const std::uint64_t at = sizeof(file) + programs.size() * sizeof(Elf64_Phdr);
        std::memcpy(bytes.data() + at, &header, std::min<std::uint64_t>(sizeof(header), size - at));
        return bytes;
    }

    std::uint64_t size = 0;
};

} // namespace vmnix_unit

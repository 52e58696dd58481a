// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstring>
#include <elf.h>
#include <string>
#include <vector>

#include "console/base/failure.hpp"
#include "console/boot/boot_image.hpp"
#include "console/boot/layout.hpp"

// Kernels of each protocol as small as can be, whose every field a test can spoil.
namespace console::test {

inline Bytes bytes_of(std::string_view text) {
    return ByteWriter().text(text).take();
}

// A bzImage of protocol 2.15 with one setup sector, as Linux 6.x says what it needs.
struct TestLinux {
    std::uint8_t setup_sects = 1;
    std::uint16_t version = 0x20f;
    std::uint8_t loadflags = 1;
    std::uint8_t jump = 0x6a;
    std::uint32_t code32_start = 0x100000;
    std::uint32_t initrd_addr_max = 0x7fffffff;
    std::uint32_t alignment = 0x200000;
    std::uint8_t relocatable = 1;
    std::uint32_t cmdline_size = 2047;
    std::uint64_t pref_address = 0x1000000;
    std::uint32_t init_size = 0x3000000;
    std::uint32_t payload = 0x1000;
    std::uint32_t syssize = 0x100;

    Bytes bytes() const {
        const std::size_t setup = (setup_sects ? setup_sects + 1u : 5u) * 512;
        Bytes file(setup + payload, std::byte{0xcc});
        std::memset(file.data(), 0, 1024);
        store<std::uint8_t>(file, 0x1f1, setup_sects);
        store<std::uint32_t>(file, 0x1f4, syssize);
        store<std::uint16_t>(file, 0x1fe, 0xaa55);
        store<std::uint8_t>(file, 0x200, 0xeb);
        store<std::uint8_t>(file, 0x201, jump);
        std::memcpy(file.data() + 0x202, "HdrS", 4);
        store<std::uint16_t>(file, 0x206, version);
        store<std::uint8_t>(file, 0x211, loadflags);
        store<std::uint32_t>(file, 0x214, code32_start);
        store<std::uint32_t>(file, 0x22c, initrd_addr_max);
        store<std::uint32_t>(file, 0x230, alignment);
        store<std::uint8_t>(file, 0x234, relocatable);
        store<std::uint32_t>(file, 0x238, cmdline_size);
        store<std::uint64_t>(file, 0x258, pref_address);
        store<std::uint32_t>(file, 0x260, init_size);
        return file;
    }
};

// What 32 and 64 bits call differently.
struct Elf32 {
    using Header = Elf32_Ehdr;
    using Segment = Elf32_Phdr;
    static constexpr std::uint8_t elf_class = ELFCLASS32;
    static constexpr std::uint16_t machine = EM_386;
};
struct Elf64 {
    using Header = Elf64_Ehdr;
    using Segment = Elf64_Phdr;
    static constexpr std::uint8_t elf_class = ELFCLASS64;
    static constexpr std::uint16_t machine = EM_X86_64;
};

template <class Class> struct TestElf {
    using Segment = typename Class::Segment;
    typename Class::Header header{};
    std::vector<Segment> segments;
    Bytes content; // behind the headers, from content_at on
    static constexpr std::size_t content_at = 0x400;

    TestElf() {
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = Class::elf_class;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_ident[EI_VERSION] = EV_CURRENT;
        header.e_type = ET_EXEC;
        header.e_machine = Class::machine;
        header.e_phoff = sizeof header;
        header.e_phentsize = sizeof(Segment);
    }
    // A segment whose bytes are appended to the content.
    Segment &add(std::uint32_t type, std::uint64_t address, const Bytes &bytes, std::uint64_t memory_size) {
        Segment segment{};
        segment.p_type = type;
        segment.p_offset = static_cast<decltype(segment.p_offset)>(content_at + content.size());
        segment.p_vaddr = segment.p_paddr = static_cast<decltype(segment.p_paddr)>(address);
        segment.p_filesz = static_cast<decltype(segment.p_filesz)>(bytes.size());
        segment.p_memsz = static_cast<decltype(segment.p_memsz)>(memory_size);
        segment.p_align = 4;
        content.insert(content.end(), bytes.begin(), bytes.end());
        segments.push_back(segment);
        return segments.back();
    }
    Bytes bytes() {
        if (header.e_phnum == 0)
            header.e_phnum = static_cast<std::uint16_t>(segments.size());
        Bytes file(content_at);
        std::memcpy(file.data(), &header, sizeof header);
        std::memcpy(file.data() + sizeof header, segments.data(), segments.size() * sizeof(Segment));
        file.insert(file.end(), content.begin(), content.end());
        return file;
    }
};

inline Bytes note(std::string_view name, std::uint32_t type, const Bytes &content) {
    ByteWriter note;
    note.u32(static_cast<std::uint32_t>(name.size())).u32(static_cast<std::uint32_t>(content.size())).u32(type);
    return note.text(name).align(4).bytes(content).align(4).take();
}

constexpr std::string_view xen_name{"Xen\0", 4};

// Two segments, the second mostly zero, and a note that names the entry.
template <class Class = Elf64> TestElf<Class> pvh_kernel(Bytes entry = ByteWriter().u64(0x1000010).take()) {
    TestElf<Class> elf;
    elf.add(PT_LOAD, 0x1000000, Bytes(0x100, std::byte{0xcc}), 0x100);
    elf.add(PT_LOAD, 0x1001000, Bytes(0x10, std::byte{0xdd}), 0x10000);
    const Bytes notes = ByteWriter()
                            .bytes(note(xen_name, 6, bytes_of("linux")))
                            .bytes(note("GNU", 18, bytes_of("other")))
                            .bytes(note(xen_name, 18, entry))
                            .take();
    elf.add(PT_NOTE, 0, notes, notes.size());
    return elf;
}

// A multiboot header; with addresses when flag 16 is set.
struct TestMultiboot {
    std::uint32_t flags = 3;
    std::uint32_t checksum_error = 0;
    std::uint32_t header_address = 0, load_address = 0, load_end = 0, bss_end = 0, entry = 0;

    Bytes bytes() const {
        constexpr std::uint32_t magic = 0x1badb002;
        ByteWriter header;
        header.u32(magic).u32(flags).u32(0u - magic - flags + checksum_error);
        return header.u32(header_address).u32(load_address).u32(load_end).u32(bss_end).u32(entry).take();
    }
};

// A flat file: 0x100 bytes, the header, 0x200 bytes; loaded to 1 MiB.
inline TestMultiboot flat_multiboot() {
    return {1u << 16 | 3, 0, 0x100100, 0x100000, 0, 0x110000, 0x100004};
}
inline Bytes flat_file(const TestMultiboot &header) {
    return ByteWriter().zeros(0x100).bytes(header.bytes()).zeros(0x200).take();
}

inline BootRequest request_for(Bytes kernel, std::uint64_t memory = 256 * layout::mib) {
    BootRequest request;
    request.kernel = {"kernel", std::move(kernel)};
    request.command_line = "console=ttyS0";
    request.memory = memory;
    return request;
}

// Cause and remedy of the failure that a request ends in; empty, if it does not.
inline std::string failure_of(BootRequest request) {
    try {
        prepare_boot(std::move(request));
        return {};
    } catch (const Failure &failure) {
        return failure.cause() + " | " + failure.remedy();
    }
}

} // namespace console::test

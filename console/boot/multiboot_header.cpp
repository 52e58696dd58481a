// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/multiboot_header.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace console {

namespace {

constexpr std::uint32_t header_magic = 0x1badb002;
constexpr std::uint64_t search_size = 8192;
constexpr std::uint64_t plain_size = 12;     // magic, flags, checksum
constexpr std::uint64_t addresses_size = 20; // with flag 16 behind these
constexpr std::uint32_t page_aligned_modules = 1u << 0;
constexpr std::uint32_t memory_information = 1u << 1;
constexpr std::uint32_t video_mode = 1u << 2; // a wish: no promise that there is a screen
constexpr std::uint32_t required_flags = 0xffff;
constexpr std::uint32_t known_flags = page_aligned_modules | memory_information | video_mode;

std::uint32_t word(const FileView &file, std::uint64_t header, unsigned index) {
    return file.get<std::uint32_t>(header + index * sizeof(std::uint32_t));
}

bool checksum_is_right(const FileView &file, std::uint64_t header) {
    return word(file, header, 0) + word(file, header, 1) + word(file, header, 2) == 0;
}

// Offsets of the magic number with a whole plain header behind it.
template <class Accept> std::optional<std::uint64_t> search(const FileView &file, Accept accept) {
    const std::uint64_t end = std::min(file.size(), search_size);
    for (std::uint64_t offset = 0; offset + plain_size <= end; offset += sizeof(std::uint32_t))
        if (word(file, offset, 0) == header_magic && accept(offset))
            return offset;
    return std::nullopt;
}

} // namespace

std::optional<MultibootHeader> MultibootHeader::find(const FileView &file) {
    const auto offset = search(file, [&](std::uint64_t at) { return checksum_is_right(file, at); });
    if (!offset)
        return std::nullopt;
    MultibootHeader header;
    header.offset = *offset;
    header.flags = word(file, *offset, 1);
    if (!header.has_addresses())
        return header;
    file.slice(*offset + plain_size, addresses_size);
    header.header_address = word(file, *offset, 3);
    header.load_address = word(file, *offset, 4);
    header.load_end = word(file, *offset, 5);
    header.bss_end = word(file, *offset, 6);
    header.entry = word(file, *offset, 7);
    return header;
}

void MultibootHeader::check(const FileView &file) const {
    if (const std::uint32_t unknown = flags & required_flags & ~known_flags)
        file.refuse(fmt::format("its multiboot header requires what vmnix does not know (flags {:#x})", unknown),
                    "take a kernel of Multiboot 0.6.96");
}

bool has_damaged_multiboot_header(const FileView &file) {
    return search(file, [&](std::uint64_t at) { return !checksum_is_right(file, at); }).has_value();
}

} // namespace console

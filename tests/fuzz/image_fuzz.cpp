// SPDX-License-Identifier: GPL-2.0-only
// The VMM image as a file of unknown origin: whatever it says, the loader stays inside of it, and what the loader
// accepts keeps every rule that the copy and the page tables rely on.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

// One target is one program of C++; these are C, and simple enough to be both.
#include "vmnix/elf.c"
#include "vmnix/gzip.c"

namespace {

void require(bool rule) {
    if (!rule)
        __builtin_trap();
}

void check_segments(const vmnix_elf &elf, std::size_t size) {
    std::uint64_t previous_end = VMNIX_IMAGE_VA;
    require(elf.segments > 0 && elf.segments <= VMNIX_MAX_SEGMENTS);
    for (std::uint32_t i = 0; i < elf.segments; i++) {
        const vmnix_elf_segment &segment = elf.segment[i];
        require(segment.va >= previous_end && segment.va % VMNIX_PAGE_SIZE == 0);
        require(segment.memory_size <= VMNIX_IMAGE_VA + VMNIX_IMAGE_MAX - segment.va);
        require(segment.file_size <= segment.memory_size);
        require(segment.offset <= size && segment.file_size <= size - segment.offset);
        require((segment.rights & (PF_W | PF_X)) != (PF_W | PF_X));
        previous_end = (segment.va + segment.memory_size + VMNIX_PAGE_SIZE - 1) & ~(VMNIX_PAGE_SIZE - 1);
    }
    // What the arena sets aside is what the segments cover.
    require(previous_end - VMNIX_IMAGE_VA == ((elf.header.loaded_size + VMNIX_PAGE_SIZE - 1) & ~(VMNIX_PAGE_SIZE - 1)));
}

void check_entry(const vmnix_elf &elf) {
    bool found = false;
    for (std::uint32_t i = 0; i < elf.segments; i++)
        found |= (elf.segment[i].rights & PF_X) && elf.header.entry >= elf.segment[i].va &&
                 elf.header.entry - elf.segment[i].va < elf.segment[i].file_size;
    require(found);
}

// The corpus says this where an image has its magic and the ABI's number, so that it outlives a change of either.
constexpr std::string_view kPlaceholder = "IMAGE-HEADER";
static_assert(kPlaceholder.size() == offsetof(vmnix_image_header, header_size));

std::vector<std::uint8_t> with_header(const std::uint8_t *data, std::size_t size) {
    std::vector<std::uint8_t> bytes(data, data + size);
    const auto at = std::search(bytes.begin(), bytes.end(), kPlaceholder.begin(), kPlaceholder.end());
    if (at == bytes.end())
        return bytes;
    const std::uint64_t magic = VMNIX_IMAGE_MAGIC;
    const std::uint32_t abi = VMNIX_HANDOVER_ABI;
    std::memcpy(&*at, &magic, sizeof(magic));
    std::memcpy(&*at + sizeof(magic), &abi, sizeof(abi));
    return bytes;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *input, std::size_t size) {
    const std::vector<std::uint8_t> bytes = with_header(input, size);
    const std::uint8_t *data = bytes.data();
    vmnix_gzip gzip;
    if (vmnix_gzip_parse(data, size, &gzip))
        require(gzip.bytes > 0 && gzip.offset <= size && gzip.bytes <= size - gzip.offset);
    vmnix_elf elf;
    if (vmnix_elf_parse(data, size, &elf) != VMNIX_IMAGE_OK)
        return 0;
    check_segments(elf, size);
    check_entry(elf);
    return 0;
}

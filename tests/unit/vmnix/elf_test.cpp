// SPDX-License-Identifier: GPL-2.0-only
#include "vmnix/elf.h"

#include <functional>
#include <gtest/gtest.h>

#include "tests/unit/vmnix/image_builder.hpp"

namespace vmnix_unit {
namespace {

constexpr std::uint64_t kPage = ImageBuilder::kPage;

vmnix_image_error parse(const ImageBuilder &image, vmnix_elf &elf) {
    const auto bytes = image.build();
    return vmnix_elf_parse(bytes.data(), bytes.size(), &elf);
}

TEST(Elf, AcceptsAGoodImage) {
    ImageBuilder image;
    image.add(PT_NOTE, PF_R, 0, 4, 4); // what is not loaded may be anywhere
    image.add(PT_LOAD, PF_R, 1, 0, 0); // and an empty segment loads nothing
    vmnix_elf elf;
    ASSERT_EQ(parse(image, elf), VMNIX_IMAGE_OK);
    ASSERT_EQ(elf.segments, 3u);
    EXPECT_EQ(elf.header.entry, image.header.entry);
    EXPECT_STREQ(elf.header.version, "1.2.3");
    EXPECT_EQ(elf.segment[1].va, VMNIX_IMAGE_VA + kPage);
    EXPECT_EQ(elf.segment[1].rights, static_cast<std::uint32_t>(PF_R | PF_X));
    EXPECT_EQ(elf.segment[2].file_size, 8u);
    EXPECT_EQ(elf.segment[2].memory_size, 2 * kPage);
    EXPECT_EQ(elf.segment[2].offset, image.programs[2].p_offset);
}

struct Spoiled {
    const char *what;
    vmnix_image_error error;
    std::function<void(ImageBuilder &)> spoil;
};

void PrintTo(const Spoiled &spoiled, std::ostream *out) {
    *out << spoiled.what;
}

class ElfRefuses : public testing::TestWithParam<Spoiled> {};

TEST_P(ElfRefuses, ByName) {
    ImageBuilder image;
    GetParam().spoil(image);
    vmnix_elf elf;
    EXPECT_EQ(parse(image, elf), GetParam().error);
}

const Spoiled kFile[] = {
    {"magic", VMNIX_BAD_NOT_ELF, [](ImageBuilder &i) { i.file.e_ident[0] = 0; }},
    {"class", VMNIX_BAD_MACHINE, [](ImageBuilder &i) { i.file.e_ident[EI_CLASS] = ELFCLASS32; }},
    {"byte order", VMNIX_BAD_MACHINE, [](ImageBuilder &i) { i.file.e_ident[EI_DATA] = ELFDATA2MSB; }},
    {"machine", VMNIX_BAD_MACHINE, [](ImageBuilder &i) { i.file.e_machine = EM_AARCH64; }},
    {"position independent", VMNIX_BAD_MACHINE, [](ImageBuilder &i) { i.file.e_type = ET_DYN; }},
    {"relocatable", VMNIX_BAD_MACHINE, [](ImageBuilder &i) { i.file.e_type = ET_REL; }},
    {"entry size", VMNIX_BAD_HEADERS, [](ImageBuilder &i) { i.file.e_phentsize = 32; }},
    {"no program headers", VMNIX_BAD_HEADERS, [](ImageBuilder &i) { i.file.e_phnum = 0; }},
    {"65 program headers", VMNIX_BAD_HEADERS, [](ImageBuilder &i) { i.file.e_phnum = 65; }},
    {"headers beyond the end", VMNIX_BAD_TRUNCATED, [](ImageBuilder &i) { i.file.e_phoff = i.size - 8; }},
    {"headers that wrap", VMNIX_BAD_TRUNCATED, [](ImageBuilder &i) { i.file.e_phoff = ~0ull - 8; }},
    {"interpreter", VMNIX_BAD_DYNAMIC, [](ImageBuilder &i) { i.add(PT_INTERP, PF_R, 0, 4, 4); }},
    {"dynamic", VMNIX_BAD_DYNAMIC, [](ImageBuilder &i) { i.add(PT_DYNAMIC, PF_R, 0, 4, 4); }},
    {"thread-local", VMNIX_BAD_DYNAMIC, [](ImageBuilder &i) { i.add(PT_TLS, PF_R, 0, 4, 4); }},
    {"nothing to load", VMNIX_BAD_HEADERS,
     [](ImageBuilder &i) {
         for (Elf64_Phdr &program : i.programs)
             program.p_type = PT_NOTE;
     }},
};
INSTANTIATE_TEST_SUITE_P(File, ElfRefuses, testing::ValuesIn(kFile));

const Spoiled kSegments[] = {
    {"more in the file than in memory", VMNIX_BAD_HEADERS, [](ImageBuilder &i) { i.programs[1].p_memsz = 8; }},
    {"bytes beyond the end", VMNIX_BAD_TRUNCATED, [](ImageBuilder &i) { i.programs[2].p_offset = i.size - 7; }},
    {"bytes that wrap", VMNIX_BAD_TRUNCATED, [](ImageBuilder &i) { i.programs[2].p_offset = ~0ull - 3; }},
    {"below the window", VMNIX_BAD_WINDOW, [](ImageBuilder &i) { i.programs[0].p_vaddr -= kPage; }},
    {"above the window", VMNIX_BAD_WINDOW,
     [](ImageBuilder &i) { i.programs[2].p_vaddr = VMNIX_IMAGE_VA + VMNIX_IMAGE_MAX - kPage; }},
    {"size that wraps", VMNIX_BAD_WINDOW, [](ImageBuilder &i) { i.programs[2].p_memsz = ~0ull - kPage; }},
    {"off a page's border", VMNIX_BAD_WINDOW, [](ImageBuilder &i) { i.programs[1].p_vaddr += 16; }},
    {"overlap", VMNIX_BAD_OVERLAP, [](ImageBuilder &i) { i.programs[1].p_memsz = kPage + 1; }},
    {"one page twice", VMNIX_BAD_OVERLAP, [](ImageBuilder &i) { i.programs[1].p_vaddr = VMNIX_IMAGE_VA; }},
    {"out of order", VMNIX_BAD_OVERLAP, [](ImageBuilder &i) { std::swap(i.programs[1], i.programs[2]); }},
    {"writable and executable", VMNIX_BAD_RIGHTS, [](ImageBuilder &i) { i.programs[2].p_flags |= PF_X; }},
    {"nine segments", VMNIX_BAD_HEADERS,
     [](ImageBuilder &i) {
         for (unsigned n = 4; n < 10; n++)
             i.add(PT_LOAD, PF_R, VMNIX_IMAGE_VA + n * kPage, 1, 1);
     }},
};
INSTANTIATE_TEST_SUITE_P(Segments, ElfRefuses, testing::ValuesIn(kSegments));

const Spoiled kHeader[] = {
    {"first segment elsewhere", VMNIX_BAD_MAGIC,
     [](ImageBuilder &i) {
         i.programs.erase(i.programs.begin());
         i.file.e_phnum = 2;
         i.place();
     }},
    {"header cut off", VMNIX_BAD_MAGIC,
     [](ImageBuilder &i) { i.programs[0].p_filesz = sizeof(vmnix_image_header) - 1; }},
    {"magic of the image", VMNIX_BAD_MAGIC, [](ImageBuilder &i) { i.header.magic ^= 1; }},
    {"older ABI", VMNIX_BAD_ABI, [](ImageBuilder &i) { i.header.handover_abi--; }},
    {"newer ABI", VMNIX_BAD_ABI, [](ImageBuilder &i) { i.header.handover_abi++; }},
    {"header size", VMNIX_BAD_SIZE, [](ImageBuilder &i) { i.header.header_size += 8; }},
    {"loaded size too small", VMNIX_BAD_SIZE, [](ImageBuilder &i) { i.header.loaded_size = 3 * kPage; }},
    {"loaded size too large", VMNIX_BAD_SIZE, [](ImageBuilder &i) { i.header.loaded_size = 4 * kPage + 1; }},
    {"loaded size that wraps", VMNIX_BAD_SIZE, [](ImageBuilder &i) { i.header.loaded_size = ~0ull; }},
    {"entry in data", VMNIX_BAD_ENTRY, [](ImageBuilder &i) { i.header.entry = VMNIX_IMAGE_VA + 2 * kPage; }},
    {"entry before the code", VMNIX_BAD_ENTRY, [](ImageBuilder &i) { i.header.entry = VMNIX_IMAGE_VA + kPage - 1; }},
    {"entry after the code", VMNIX_BAD_ENTRY, [](ImageBuilder &i) { i.header.entry = VMNIX_IMAGE_VA + kPage + 16; }},
    {"reserved field", VMNIX_BAD_RESERVED, [](ImageBuilder &i) { i.header.reserved = 1; }},
    {"endless version", VMNIX_BAD_RESERVED,
     [](ImageBuilder &i) { std::memset(i.header.version, 'x', sizeof(i.header.version)); }},
};
INSTANTIATE_TEST_SUITE_P(Header, ElfRefuses, testing::ValuesIn(kHeader));

// Whatever is cut off, the parser neither reads beyond (the sanitizer watches) nor accepts.
TEST(Elf, RefusesEveryTruncation) {
    const auto whole = ImageBuilder().build();
    for (std::size_t size = 0; size < whole.size(); size++) {
        const std::vector<std::uint8_t> part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        vmnix_elf elf;
        const auto error = vmnix_elf_parse(part.data(), part.size(), &elf);
        EXPECT_EQ(error, size < SELFMAG ? VMNIX_BAD_NOT_ELF : VMNIX_BAD_TRUNCATED) << size;
    }
}

} // namespace
} // namespace vmnix_unit

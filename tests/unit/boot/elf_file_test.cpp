// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/elf_file.hpp"

#include <gmock/gmock.h>

#include "tests/unit/boot/kernels.hpp"

using namespace console;
using namespace console::layout;
using test::Elf32;
using test::Elf64;
using test::failure_of;
using test::pvh_kernel;
using test::request_for;
using testing::HasSubstr;

namespace {

// Whatever class: what a kernel ends in that somebody spoiled.
template <class Class> class ElfFileOf : public testing::Test {
  protected:
    template <class Spoil> static std::string failure(Spoil spoil, std::uint64_t memory = 256 * mib) {
        auto elf = pvh_kernel<Class>();
        spoil(elf);
        return failure_of(request_for(elf.bytes(), memory));
    }
};
using Classes = testing::Types<Elf32, Elf64>;
TYPED_TEST_SUITE(ElfFileOf, Classes);

} // namespace

TYPED_TEST(ElfFileOf, HeaderMustBeAnX86Executables) {
    EXPECT_EQ(this->failure([](auto &) {}), "");
    EXPECT_THAT(this->failure([](auto &e) { e.header.e_machine = EM_AARCH64; }), HasSubstr("another machine"));
    EXPECT_THAT(this->failure([](auto &e) { e.header.e_type = ET_REL; }), HasSubstr("not one that can be run"));
    EXPECT_THAT(this->failure([](auto &e) { e.header.e_ident[EI_DATA] = ELFDATA2MSB; }), HasSubstr("little-endian"));
    EXPECT_THAT(this->failure([](auto &e) { e.header.e_ident[EI_CLASS] = 3; }), HasSubstr("neither 32 nor 64"));
    EXPECT_THAT(this->failure([](auto &e) { e.header.e_phentsize = 1; }), HasSubstr("program headers have 1 bytes"));
    EXPECT_EQ(this->failure([](auto &e) { e.header.e_type = ET_DYN; }), "");
}

TYPED_TEST(ElfFileOf, ProgramHeadersMustBeThere) {
    EXPECT_THAT(this->failure([](auto &e) { e.header.e_phnum = 1000; }), HasSubstr("1000 program headers"));
    EXPECT_THAT(this->failure([](auto &e) { e.segments.clear(); }), HasSubstr("0 program headers"));
    EXPECT_THAT(this->failure([](auto &e) { e.header.e_phoff = 0x2000; }), HasSubstr("cut short"));
    EXPECT_THAT(this->failure([](auto &e) { e.header.e_phoff = static_cast<decltype(e.header.e_phoff)>(~0ull); }),
                HasSubstr("cut short"));
    EXPECT_THAT(this->failure([](auto &e) { e.segments.erase(e.segments.begin(), e.segments.begin() + 2); }),
                HasSubstr("no segment to load"));
}

TYPED_TEST(ElfFileOf, SegmentsMustBeInTheFile) {
    EXPECT_THAT(this->failure([](auto &e) { e.segments[0].p_filesz = e.segments[0].p_memsz = 0x10000; }),
                HasSubstr("cut short"));
    EXPECT_THAT(this->failure([](auto &e) { e.segments[0].p_offset = static_cast<std::uint32_t>(~0u); }),
                HasSubstr("cut short"));
    EXPECT_THAT(this->failure([](auto &e) { e.segments[2].p_filesz = 0x10000; }), HasSubstr("cut short")) << "notes";
    EXPECT_THAT(this->failure([](auto &e) { e.segments[0].p_filesz = 0x101; }), HasSubstr("0x100 in memory"));
}

TYPED_TEST(ElfFileOf, SegmentsMustLieInFreeRam) {
    EXPECT_THAT(this->failure([](auto &e) { e.segments[1].p_paddr = 0x10000f0; }), HasSubstr("overlap"));
    EXPECT_THAT(this->failure([](auto &e) { e.segments[1].p_paddr = 0xa0000; }), HasSubstr("overlap"));
    EXPECT_THAT(this->failure([](auto &e) { e.segments[1].p_paddr = 0; }), HasSubstr("overlap"));
    EXPECT_THAT(this->failure([](auto &e) { e.segments[1].p_paddr = 0xfffffff0; }), HasSubstr("no RAM"));
    EXPECT_THAT(
        this->failure([](auto &e) { e.segments[1].p_paddr = static_cast<decltype(e.segments[1].p_paddr)>(~0ull); },
                      8 * gib),
        HasSubstr("no RAM"));
    EXPECT_THAT(this->failure([](auto &e) { e.segments[1].p_memsz = static_cast<std::uint32_t>(~0u); }),
                HasSubstr("no RAM"));
    EXPECT_THAT(this->failure([](auto &e) { e.segments[1].p_memsz = 256 << 20; }), HasSubstr("at least 273 MiB"));
}

TYPED_TEST(ElfFileOf, EmptySegmentsAreNothing) {
    EXPECT_EQ(this->failure([](auto &e) {
        e.segments[1].p_filesz = e.segments[1].p_memsz = 0;
        e.segments[1].p_paddr = 0xa0000;
    }),
              "");
}

TYPED_TEST(ElfFileOf, IsRefusedWhereverItIsCutShort) {
    const Bytes whole = pvh_kernel<TypeParam>().bytes();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_NE(failure_of(request_for(part)), "") << size;
    }
}

TEST(ElfFile, BootDataEvadesAKernelInBaseMemory) {
    auto elf = pvh_kernel();
    elf.add(PT_LOAD, 0x1000, Bytes(0x10), 0x9ec00);
    const BootImage image = prepare_boot(request_for(elf.bytes()));
    EXPECT_GE(image.entry[Gpr::Rbx], first_mib_end);
    EXPECT_GE(image.entry.gdtr.base, first_mib_end);
}

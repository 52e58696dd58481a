// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/multiboot_boot.hpp"

#include <gmock/gmock.h>

#include "console/boot/memory_map.hpp"
#include "tests/unit/boot/guest_memory.hpp"
#include "tests/unit/boot/kernels.hpp"

using namespace console;
using namespace console::layout;
using test::Elf32;
using test::Elf64;
using test::failure_of;
using test::flat_file;
using test::flat_multiboot;
using test::request_for;
using test::TestMultiboot;
using testing::HasSubstr;

namespace {

template <class Class> test::TestElf<Class> elf_kernel(const TestMultiboot &header = {}) {
    test::TestElf<Class> elf;
    elf.add(PT_LOAD, 0x100000, ByteWriter().bytes(header.bytes()).zeros(0x40).take(), 0x2000);
    elf.header.e_entry = 0x100020;
    return elf;
}

// What a flat kernel ends in whose header somebody spoiled.
template <class Spoil> std::string failure(Spoil spoil) {
    TestMultiboot header = flat_multiboot();
    spoil(header);
    return failure_of(request_for(flat_file(header)));
}

template <class Class> class MultibootElf : public testing::Test {};
using Classes = testing::Types<Elf32, Elf64>;
TYPED_TEST_SUITE(MultibootElf, Classes);

} // namespace

TYPED_TEST(MultibootElf, EntersWithMagicAndInformation) {
    const BootImage image = prepare_boot(request_for(elf_kernel<TypeParam>().bytes()));
    EXPECT_EQ(image.protocol, BootProtocol::Multiboot);
    test::expect_sound(image, 256 * mib);
    test::expect_flat(image);
    EXPECT_EQ(image.entry.rip, 0x100020u);
    EXPECT_EQ(image.entry[Gpr::Rax], 0x2badb002u);
    const test::GuestMemory memory(image);
    const std::uint64_t info = image.entry[Gpr::Rbx];
    EXPECT_EQ(memory.u32(info), 0x24du);
    EXPECT_EQ(memory.u32(info + 4), 639u);
    EXPECT_EQ(memory.u32(info + 8), 255 * 1024u);
    EXPECT_EQ(memory.text(memory.u32(info + 16)), "console=ttyS0");
    EXPECT_EQ(memory.u32(info + 20), 0u) << "modules";
    EXPECT_EQ(memory.text(memory.u32(info + 64)), "vmnix");
}

TYPED_TEST(MultibootElf, EntryIsTranslatedWhereItIsVirtual) {
    auto elf = elf_kernel<TypeParam>();
    elf.segments[0].p_vaddr = 0xc0100000;
    elf.header.e_entry = 0xc0100020;
    EXPECT_EQ(prepare_boot(request_for(elf.bytes())).entry.rip, 0x100020u);
    elf.header.e_entry = 0x100020; // or physical
    EXPECT_EQ(prepare_boot(request_for(elf.bytes())).entry.rip, 0x100020u);
    elf.header.e_entry = 0x200000;
    EXPECT_THAT(failure_of(request_for(elf.bytes())), HasSubstr("in none of its segments"));
}

TEST(MultibootBoot, HandsOverTheMemoryMap) {
    const BootImage image = prepare_boot(request_for(elf_kernel<Elf32>().bytes(), 8 * gib));
    const test::GuestMemory memory(image);
    const std::uint64_t info = image.entry[Gpr::Rbx];
    EXPECT_EQ(memory.u32(info + 8), (3 * gib - mib) / 1024) << "up to the first hole";
    const auto map = memory_map(8 * gib);
    ASSERT_EQ(memory.u32(info + 44), map.size() * 24);
    for (std::size_t i = 0; i < map.size(); ++i) {
        const std::uint64_t entry = memory.u32(info + 48) + i * 24;
        EXPECT_EQ(memory.u32(entry), 20u);
        EXPECT_EQ(memory.u64(entry + 4), map[i].base);
        EXPECT_EQ(memory.u64(entry + 12), map[i].size);
        EXPECT_EQ(memory.u32(entry + 20), static_cast<std::uint32_t>(map[i].type));
    }
}

TEST(MultibootBoot, ModulesLieBehindTheKernel) {
    BootRequest request = request_for(elf_kernel<Elf32>().bytes());
    request.initrd = BootFile{"initrd", test::bytes_of("initrd's bytes")};
    request.modules.push_back({{"module", test::bytes_of("module's bytes")}, "module's text"});
    const BootImage image = prepare_boot(std::move(request));
    test::expect_sound(image, 256 * mib);
    const test::GuestMemory memory(image);
    const std::uint64_t info = image.entry[Gpr::Rbx], list = memory.u32(info + 24);
    ASSERT_EQ(memory.u32(info + 20), 2u);
    const auto content = [&](std::uint64_t entry) {
        return memory.text(memory.u32(entry), memory.u32(entry + 4) - memory.u32(entry));
    };
    EXPECT_EQ(memory.u32(list), 0x102000u);
    EXPECT_EQ(memory.u32(list + 16), 0x103000u);
    EXPECT_EQ(content(list), "initrd's bytes");
    EXPECT_EQ(memory.text(memory.u32(list + 8)), "");
    EXPECT_EQ(content(list + 16), "module's bytes");
    EXPECT_EQ(memory.text(memory.u32(list + 24)), "module's text");
}

TEST(MultibootBoot, ModulesThatDoNotFitAreToldTheMemoryThatWouldDo) {
    BootRequest request = request_for(elf_kernel<Elf32>().bytes(), 4 * mib);
    for (const char *name : {"one", "two"})
        request.modules.push_back({{name, Bytes(2 * mib)}, {}});
    EXPECT_THAT(failure_of(std::move(request)), HasSubstr("at least 6 MiB"));
}

TEST(MultibootBoot, FlatFilesAreLoadedByTheirAddresses) {
    const BootImage image = prepare_boot(request_for(flat_file(flat_multiboot())));
    test::expect_sound(image, 256 * mib);
    EXPECT_EQ(image.entry.rip, 0x100004u);
    EXPECT_EQ(image.segments.back().address, 0x100000u);
    EXPECT_EQ(image.segments.back().bytes.size(), flat_file(flat_multiboot()).size()) << "load_end is 0: all of it";
}

TEST(MultibootBoot, FlatFilesMayBeginBehindTheirBegin) {
    TestMultiboot header = flat_multiboot();
    header.load_address = 0x1000f0; // 0x10 before the header
    header.load_end = 0x100110;
    header.bss_end = 0;
    header.entry = 0x1000f0;
    const BootImage image = prepare_boot(request_for(flat_file(header)));
    EXPECT_EQ(image.segments.back().address, 0x1000f0u);
    EXPECT_EQ(image.segments.back().bytes.size(), 0x20u);
    EXPECT_EQ(test::GuestMemory(image).u32(0x100100), 0x1badb002u);
}

TEST(MultibootBoot, AddressesMustMakeSense) {
    EXPECT_EQ(failure([](auto &) {}), "");
    EXPECT_THAT(failure([](auto &h) { h.header_address = 0xfffff; }), HasSubstr("before its begin"));
    EXPECT_THAT(failure([](auto &h) { h.header_address = 0x100104; }), HasSubstr("before its begin"));
    EXPECT_THAT(failure([](auto &h) { h.header_address = 0xffffffff; }), HasSubstr("before its begin"));
    EXPECT_THAT(failure([](auto &h) { h.load_end = 0x100000; }), HasSubstr("not in order"));
    EXPECT_THAT(failure([](auto &h) { h.load_end = 0xfff; }), HasSubstr("not in order"));
    EXPECT_THAT(failure([](auto &h) { h.bss_end = 0x100001; }), HasSubstr("not in order"));
    EXPECT_THAT(failure([](auto &h) { h.load_end = 0x110000; }), HasSubstr("cut short"));
    EXPECT_THAT(failure([](auto &h) { h.entry = 0xfffff; }), HasSubstr("outside of what is loaded"));
    EXPECT_THAT(failure([](auto &h) { h.entry = 0x110000; }), HasSubstr("outside of what is loaded"));
    EXPECT_THAT(failure([](auto &h) { h.bss_end = 0xffffffff; }), HasSubstr("no RAM"));
    EXPECT_THAT(failure([](auto &h) { h.bss_end = 0x20000000; }), HasSubstr("at least 512 MiB"));
    EXPECT_THAT(failure([](auto &h) {
                    h.load_address = 0xfffffef0, h.header_address = 0xfffffff0, h.bss_end = 0, h.entry = 0xfffffff0;
                }),
                HasSubstr("no RAM"))
        << "around the end of 32 bits";
}

TEST(MultibootHeader, IsFoundInTheFirst8KiBOnly) {
    const auto at = [](std::size_t offset) {
        TestMultiboot header = flat_multiboot();
        header.header_address = 0x100000 + static_cast<std::uint32_t>(offset);
        header.load_address = 0x100000;
        return failure_of(request_for(ByteWriter().zeros(offset).bytes(header.bytes()).zeros(0x100).take()));
    };
    EXPECT_EQ(at(0), "");
    EXPECT_EQ(at(4), "");
    EXPECT_EQ(at(8192 - 12), "");
    EXPECT_THAT(at(8192 - 8), HasSubstr("not a kernel"));
    EXPECT_THAT(at(8192), HasSubstr("not a kernel"));
    EXPECT_THAT(at(2), HasSubstr("not a kernel")) << "not aligned";
}

TEST(MultibootHeader, ChecksumMustBeRight) {
    EXPECT_THAT(failure([](auto &h) { h.checksum_error = 1; }), HasSubstr("wrong checksum"));
}

TEST(MultibootHeader, UnknownRequirementsAreRefused) {
    EXPECT_EQ(failure([](auto &h) { h.flags |= 4; }), "") << "a video mode is a wish";
    EXPECT_THAT(failure([](auto &h) { h.flags |= 8; }), HasSubstr("requires what vmnix does not know"));
    EXPECT_EQ(failure([](auto &h) { h.flags |= 1u << 17; }), "") << "the upper half may be ignored";
}

TEST(MultibootHeader, WithoutAddressesItMustBeElf) {
    EXPECT_THAT(failure([](auto &h) { h.flags = 3; }), HasSubstr("neither an ELF file"));
}

TEST(MultibootHeader, IsRefusedWhereverItIsCutShort) {
    const Bytes whole = ByteWriter().zeros(0x100).bytes(flat_multiboot().bytes()).take();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_NE(failure_of(request_for(part)), "") << size;
    }
    EXPECT_EQ(failure_of(request_for(whole)), "");
}

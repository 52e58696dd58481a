// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/pvh_boot.hpp"

#include <gmock/gmock.h>

#include "console/boot/memory_map.hpp"
#include "tests/unit/boot/guest_memory.hpp"
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

template <class Class> class PvhBoot : public testing::Test {};
using Classes = testing::Types<Elf32, Elf64>;
TYPED_TEST_SUITE(PvhBoot, Classes);

// As refused with a note of that content.
std::string with_note(const Bytes &notes, std::uint64_t alignment = 4) {
    test::TestElf<Elf64> elf;
    elf.add(PT_LOAD, 0x1000000, Bytes(0x100, std::byte{0xcc}), 0x100);
    elf.add(PT_NOTE, 0, notes, notes.size()).p_align = alignment;
    return failure_of(request_for(elf.bytes()));
}

Bytes entry_note(std::string_view name = test::xen_name, std::uint32_t type = 18) {
    return test::note(name, type, ByteWriter().u64(0x1000000).take());
}

} // namespace

TYPED_TEST(PvhBoot, EntersWithTheStartInfo) {
    const BootImage image = prepare_boot(request_for(pvh_kernel<TypeParam>().bytes()));
    EXPECT_EQ(image.protocol, BootProtocol::Pvh);
    test::expect_sound(image, 256 * mib);
    test::expect_flat(image);
    EXPECT_EQ(image.entry.rip, 0x1000010u);
    EXPECT_EQ(image.entry.tr.attributes, 0x8b);
    EXPECT_EQ(image.entry.tr.limit, 0x67u);
    const test::GuestMemory memory(image);
    const std::uint64_t info = image.entry[Gpr::Rbx];
    EXPECT_EQ(memory.u32(info), 0x336ec578u);
    EXPECT_EQ(memory.u32(info + 4), 1u);
    EXPECT_EQ(memory.u32(info + 12), 0u) << "modules";
    EXPECT_EQ(memory.text(memory.u64(info + 24)), "console=ttyS0");
    EXPECT_EQ(memory.u64(info + 32), acpi_area);
}

TYPED_TEST(PvhBoot, LoadsSegmentsByTheirPhysicalAddress) {
    auto elf = pvh_kernel<TypeParam>();
    for (auto &segment : elf.segments)
        segment.p_vaddr += 0x80000000;
    const BootImage image = prepare_boot(request_for(elf.bytes()));
    const test::GuestMemory memory(image);
    EXPECT_EQ(memory.bytes(0x1000000, 0x100), Bytes(0x100, std::byte{0xcc}));
    EXPECT_EQ(memory.bytes(0x1001000, 0x10), Bytes(0x10, std::byte{0xdd}));
}

TYPED_TEST(PvhBoot, HandsOverTheMemoryMap) {
    const BootImage image = prepare_boot(request_for(pvh_kernel<TypeParam>().bytes(), 8 * gib));
    const test::GuestMemory memory(image);
    const std::uint64_t info = image.entry[Gpr::Rbx];
    const auto map = memory_map(8 * gib);
    ASSERT_EQ(memory.u32(info + 48), map.size());
    for (std::size_t i = 0; i < map.size(); ++i) {
        const std::uint64_t entry = memory.u64(info + 40) + i * 24;
        EXPECT_EQ(memory.u64(entry), map[i].base);
        EXPECT_EQ(memory.u64(entry + 8), map[i].size);
        EXPECT_EQ(memory.u32(entry + 16), static_cast<std::uint32_t>(map[i].type));
    }
}

TYPED_TEST(PvhBoot, TheInitrdIsTheFirstModule) {
    BootRequest request = request_for(pvh_kernel<TypeParam>().bytes());
    request.initrd = BootFile{"initrd", test::bytes_of("initrd's bytes")};
    request.modules.push_back({{"module", test::bytes_of("module's bytes")}, "module's text"});
    const BootImage image = prepare_boot(std::move(request));
    test::expect_sound(image, 256 * mib);
    const test::GuestMemory memory(image);
    const std::uint64_t info = image.entry[Gpr::Rbx], list = memory.u64(info + 16);
    ASSERT_EQ(memory.u32(info + 12), 2u);
    EXPECT_EQ(memory.text(memory.u64(list), memory.u64(list + 8)), "initrd's bytes");
    EXPECT_EQ(memory.text(memory.u64(list + 16)), "");
    EXPECT_EQ(memory.text(memory.u64(list + 32), memory.u64(list + 40)), "module's bytes");
    EXPECT_EQ(memory.text(memory.u64(list + 48)), "module's text");
}

TEST(PvhNotes, EntryMayHave32Bits) {
    EXPECT_EQ(failure_of(request_for(pvh_kernel(ByteWriter().u32(0x1000010).take()).bytes())), "");
}

TEST(PvhNotes, EntryMustBeInASegment) {
    for (const std::uint64_t entry : {0ull, 0xffffffull, 0x1000100ull, 0x101100000ull, ~0ull})
        EXPECT_THAT(failure_of(request_for(pvh_kernel(ByteWriter().u64(entry).take()).bytes())),
                    HasSubstr("PVH entry"));
}

TEST(PvhNotes, DamagedOnesAreNone) {
    const char *none = "neither a PVH entry nor";
    EXPECT_EQ(with_note(entry_note()), "");
    EXPECT_THAT(with_note({}), HasSubstr(none));
    EXPECT_THAT(with_note(entry_note("Xen")), HasSubstr(none)) << "without its zero";
    EXPECT_THAT(with_note(entry_note(test::xen_name, 17)), HasSubstr(none));
    EXPECT_THAT(with_note(test::note(test::xen_name, 18, Bytes(3))), HasSubstr(none));
    EXPECT_THAT(with_note(ByteWriter().u32(~0u).u32(8).u32(18).take()), HasSubstr(none));
    EXPECT_THAT(with_note(ByteWriter().u32(4).u32(~0u).u32(18).text(test::xen_name).take()), HasSubstr(none));
    const Bytes whole = entry_note();
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_THAT(with_note(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))),
                    HasSubstr(none));
}

// Contents then begin, as the notes do, at multiples of 8 from the segment's begin.
TEST(PvhNotes, MayBeAlignedTo8) {
    const auto notes = [](std::size_t padding) {
        ByteWriter notes;
        notes.u32(4).u32(1).u32(1).text(test::xen_name).u8(1).zeros(padding);
        return notes.u32(4).u32(8).u32(18).text(test::xen_name).u64(0x1000000).take();
    };
    EXPECT_EQ(with_note(notes(7), 8), "");
    EXPECT_EQ(with_note(notes(3), 4), "");
    EXPECT_EQ(with_note(notes(3), 0), "") << "which is 4 in kernels of old";
    EXPECT_THAT(with_note(notes(7), 4), HasSubstr("neither")) << "out of step";
    EXPECT_THAT(with_note(notes(3), 8), HasSubstr("neither")) << "out of step";
}

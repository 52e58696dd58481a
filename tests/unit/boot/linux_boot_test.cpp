// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/linux_boot.hpp"

#include <gmock/gmock.h>

#include "console/boot/memory_map.hpp"
#include "tests/unit/boot/guest_memory.hpp"
#include "tests/unit/boot/kernels.hpp"

using namespace console;
using namespace console::layout;
using test::failure_of;
using test::GuestMemory;
using test::request_for;
using test::TestLinux;
using testing::AllOf;
using testing::HasSubstr;

namespace {

BootImage boot(const TestLinux &kernel, std::uint64_t memory = 256 * mib) {
    BootImage image = prepare_boot(request_for(kernel.bytes(), memory));
    test::expect_sound(image, memory);
    return image;
}

BootRequest with_initrd(std::uint64_t memory, std::size_t size, const TestLinux &kernel = {}) {
    BootRequest request = request_for(kernel.bytes(), memory);
    request.initrd = BootFile{"initrd", Bytes(size, std::byte{0xaa})};
    return request;
}

} // namespace

TEST(LinuxBoot, EntersThe32BitEntryWithTheZeroPage) {
    const BootImage image = boot({});
    EXPECT_EQ(image.protocol, BootProtocol::Linux);
    test::expect_flat(image);
    EXPECT_EQ(image.entry.rip, 0x1000000u);
    const GuestMemory memory(image);
    EXPECT_EQ(memory.text(image.entry[Gpr::Rsi] + 0x202, 4), "HdrS");
    for (const Gpr zero : {Gpr::Rbp, Gpr::Rdi, Gpr::Rbx})
        EXPECT_EQ(image.entry[zero], 0u);
}

TEST(LinuxBoot, FillsTheHeadersFields) {
    const BootImage image = boot({});
    const GuestMemory memory(image);
    const std::uint64_t page = image.entry[Gpr::Rsi];
    EXPECT_EQ(memory.u64(page + 0x70), acpi_area);
    EXPECT_EQ(memory.u8(page + 0x1ef), 0) << "the sentinel";
    EXPECT_EQ(memory.u8(page + 0x210), 0xff);
    EXPECT_EQ(memory.u8(page + 0x211), 1);
    EXPECT_EQ(memory.u32(page + 0x214), 0x1000000u);
    EXPECT_EQ(memory.u32(page + 0x218), 0u);
    EXPECT_EQ(memory.u32(page + 0x21c), 0u);
    EXPECT_EQ(memory.text(memory.u32(page + 0x228)), "console=ttyS0");
    EXPECT_EQ(memory.u32(page + 0x260), 0x3000000u) << "what the kernel said stays";
}

TEST(LinuxBoot, TakesOverNothingButTheHeader) {
    TestLinux kernel;
    kernel.jump = 0xff; // behind the header's room in the zero page
    Bytes file = kernel.bytes();
    store<std::uint16_t>(file, 0x226, 0x1234); // the loader's fields are ours
    store<std::uint64_t>(file, 0x250, 0x1234);
    store<std::uint32_t>(file, 0x28c, 0x5678);
    store<std::uint32_t>(file, 0x290, 0x1234);
    const BootImage image = prepare_boot(request_for(file));
    const GuestMemory memory(image);
    const std::uint64_t page = image.entry[Gpr::Rsi];
    EXPECT_EQ(memory.u16(page + 0x226), 0);
    EXPECT_EQ(memory.u64(page + 0x250), 0u);
    EXPECT_EQ(memory.u32(page + 0x28c), 0x5678u);
    EXPECT_EQ(memory.u32(page + 0x290), 0u);
}

TEST(LinuxBoot, OlderProtocolsHaveNoPlaceForTheRsdp) {
    TestLinux kernel;
    kernel.version = 0x20d;
    const BootImage image = boot(kernel);
    EXPECT_EQ(GuestMemory(image).u64(image.entry[Gpr::Rsi] + 0x70), 0u);
}

TEST(LinuxBoot, E820IsTheMemoryMap) {
    for (const std::uint64_t size : {96 * mib, 3 * gib, 8 * gib}) {
        const BootImage image = boot({}, size);
        const GuestMemory memory(image);
        const auto map = memory_map(size);
        ASSERT_EQ(memory.u8(image.entry[Gpr::Rsi] + 0x1e8), map.size());
        for (std::size_t i = 0; i < map.size(); ++i) {
            const std::uint64_t entry = image.entry[Gpr::Rsi] + 0x2d0 + i * 20;
            EXPECT_EQ(memory.u64(entry), map[i].base);
            EXPECT_EQ(memory.u64(entry + 8), map[i].size);
            EXPECT_EQ(memory.u32(entry + 16), static_cast<std::uint32_t>(map[i].type));
        }
    }
}

TEST(LinuxBoot, WhatThePayloadsLengthDoesNotCoverIsNotLoaded) {
    TestLinux kernel;
    kernel.payload = 0x1200; // with a signature behind it
    const BootImage image = boot(kernel);
    EXPECT_EQ(image.segments.back().bytes.size(), 0x1000u);
    kernel.payload = 0xff1; // the last of 0x100 paragraphs has one byte
    EXPECT_EQ(boot(kernel).segments.back().bytes.size(), 0xff1u);
    kernel.payload = 0xff0;
    EXPECT_THAT(failure_of(request_for(kernel.bytes())), HasSubstr("cut short"));
}

TEST(LinuxBoot, NoSetupSectorsMeanFour) {
    TestLinux kernel;
    kernel.setup_sects = 0;
    const BootImage image = boot(kernel);
    EXPECT_EQ(image.segments.back().bytes, Bytes(0x1000, std::byte{0xcc}));
}

TEST(LinuxBoot, RelocatableKernelsLieWhereTheyPrefer) {
    TestLinux kernel;
    kernel.pref_address = 0x1000001;
    EXPECT_EQ(boot(kernel).entry.rip, 0x1200000u) << "aligned";
    kernel.pref_address = 0;
    EXPECT_EQ(boot(kernel).entry.rip, 0x200000u) << "never in the first MiB";
}

TEST(LinuxBoot, OtherKernelsLieWhereTheyWereLinked) {
    TestLinux kernel; // as memtest86+ 6 says it
    kernel.version = 0x20c;
    kernel.relocatable = 0;
    kernel.alignment = 0x1000;
    kernel.pref_address = 0x100000;
    kernel.init_size = 0x6acf8;
    kernel.initrd_addr_max = 0xffffffff;
    kernel.cmdline_size = 255;
    kernel.jump = 0x66;
    const BootImage image = boot(kernel, 2 * mib);
    EXPECT_EQ(image.entry.rip, 0x100000u);
}

TEST(LinuxBoot, KernelsBefore210SayNothingOfTheirSize) {
    TestLinux kernel;
    kernel.version = 0x206;
    kernel.relocatable = 0;
    kernel.jump = 0x3a;
    kernel.init_size = 0xffffffff; // is code to them
    EXPECT_EQ(boot(kernel).entry.rip, 0x100000u);
    kernel.jump = 0x39;
    EXPECT_THAT(failure_of(request_for(kernel.bytes())), HasSubstr("shorter"));
}

TEST(LinuxBoot, TheInitrdLiesHighAndWhole) {
    const BootImage image = prepare_boot(with_initrd(256 * mib, 0x12345));
    test::expect_sound(image, 256 * mib);
    const GuestMemory memory(image);
    const std::uint32_t address = memory.u32(image.entry[Gpr::Rsi] + 0x218);
    EXPECT_EQ(address, 256 * mib - 0x13000);
    EXPECT_EQ(memory.u32(image.entry[Gpr::Rsi] + 0x21c), 0x12345u);
    EXPECT_EQ(image.segments.back().address, address);
    EXPECT_EQ(image.segments.back().bytes, Bytes(0x12345, std::byte{0xaa}));
}

TEST(LinuxBoot, TheInitrdLiesBelowTheKernelsLimitAnd3GiB) {
    const auto end_of = [](std::uint64_t size, std::uint32_t max) {
        TestLinux kernel;
        kernel.initrd_addr_max = max;
        const BootImage image = prepare_boot(with_initrd(size, 0x1000, kernel));
        return GuestMemory(image).u32(image.entry[Gpr::Rsi] + 0x218) + 0x1000ull;
    };
    EXPECT_EQ(end_of(8 * gib, 0x7fffffff), 2 * gib);
    EXPECT_EQ(end_of(8 * gib, 0xffffffff), 3 * gib);
    EXPECT_EQ(end_of(3 * gib + 2 * mib, 0xffffffff), 3 * gib);
    EXPECT_EQ(end_of(1 * gib, 0xffffffff), 1 * gib);
    EXPECT_EQ(end_of(1 * gib, 0x0fffffff), 256 * mib);
}

TEST(LinuxBoot, AnInitrdThatDoesNotFitIsToldTheMemoryThatWouldDo) {
    // The kernel ends at 64 MiB.
    EXPECT_EQ(failure_of(with_initrd(80 * mib, 16 * mib)), "");
    EXPECT_THAT(failure_of(with_initrd(80 * mib, 16 * mib + 1)),
                AllOf(HasSubstr("initrd"), HasSubstr("do not fit"), HasSubstr("at least 81 MiB")));
    EXPECT_EQ(failure_of(with_initrd(81 * mib, 16 * mib + 1)), "");
    EXPECT_THAT(failure_of(with_initrd(32 * mib, 16 * mib + 1)), HasSubstr("at least 81 MiB"))
        << "counted with the kernel";
    TestLinux kernel;
    kernel.initrd_addr_max = 0x4ffffff;
    EXPECT_THAT(failure_of(with_initrd(256 * mib, 16 * mib + 1, kernel)), HasSubstr("no memory would do"));
}

TEST(LinuxBoot, AKernelThatDoesNotFitIsToldTheMemoryThatWouldDo) {
    EXPECT_THAT(failure_of(request_for(TestLinux{}.bytes(), 63 * mib)), HasSubstr("at least 64 MiB"));
    EXPECT_EQ(failure_of(request_for(TestLinux{}.bytes(), 64 * mib)), "");
    TestLinux kernel;
    kernel.init_size = 0xffffffff;
    EXPECT_THAT(failure_of(request_for(kernel.bytes(), 8 * gib)), HasSubstr("no RAM"));
}

TEST(LinuxBoot, TheCommandLineMustFitTheKernel) {
    BootRequest request = request_for(TestLinux{}.bytes());
    request.command_line = std::string(2047, 'a');
    EXPECT_EQ(failure_of(request), "");
    request.command_line += 'a';
    EXPECT_THAT(failure_of(request), AllOf(HasSubstr("2048"), HasSubstr("2047"), HasSubstr("shorter")));
}

TEST(LinuxBoot, TakesNoModules) {
    BootRequest request = request_for(TestLinux{}.bytes());
    request.modules.push_back({{"module", Bytes(4)}, "text"});
    EXPECT_THAT(failure_of(std::move(request)), HasSubstr("no modules"));
}

TEST(LinuxBoot, RefusesWhatItCannotBoot) {
    const auto failure = [](auto spoil) {
        TestLinux kernel;
        spoil(kernel);
        return failure_of(request_for(kernel.bytes(), 8 * gib));
    };
    EXPECT_THAT(failure([](auto &k) { k.version = 0x205; }), AllOf(HasSubstr("2.05"), HasSubstr("2.06")));
    EXPECT_THAT(failure([](auto &k) { k.loadflags = 0; }), HasSubstr("zImage"));
    EXPECT_THAT(failure([](auto &k) { k.syssize = 0; }), HasSubstr("no kernel behind it"));
    EXPECT_THAT(failure([](auto &k) { k.syssize = 0xffffffff; }), HasSubstr("cut short"));
    EXPECT_THAT(failure([](auto &k) { k.jump = 0x60; }), HasSubstr("shorter"));
    EXPECT_THAT(failure([](auto &k) { k.alignment = 0; }), HasSubstr("alignment"));
    EXPECT_THAT(failure([](auto &k) { k.alignment = 0x300000; }), HasSubstr("alignment"));
    EXPECT_THAT(failure([](auto &k) { k.alignment = 0x80000000, k.pref_address = 0x90000000; }), HasSubstr("no RAM"));
    EXPECT_THAT(failure([](auto &k) { k.pref_address = ~0ull; }), HasSubstr("no memory below 4 GiB"));
    EXPECT_THAT(failure([](auto &k) { k.pref_address = 3ull << 30; }), HasSubstr("no memory below 4 GiB"));
    EXPECT_THAT(failure([](auto &k) { k.relocatable = 0, k.code32_start = 0xa0000; }), HasSubstr("overlap"));
    EXPECT_THAT(failure([](auto &k) { k.relocatable = 0, k.code32_start = 0; }), HasSubstr("overlap"));
    EXPECT_THAT(failure([](auto &k) { k.relocatable = 0, k.code32_start = 0xfffffff0; }), HasSubstr("no RAM"));
}

TEST(LinuxBoot, IsRefusedWhereverItIsCutShort) {
    const Bytes whole = TestLinux{}.bytes();
    for (std::size_t size = 0; size < whole.size() - 15; ++size) {
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_NE(failure_of(request_for(part)), "") << size;
    }
}

TEST(LinuxBoot, SetupSectorsBehindTheEndAreRefused) {
    Bytes file = TestLinux{}.bytes();
    store<std::uint8_t>(file, 0x1f1, 0xff);
    EXPECT_THAT(failure_of(request_for(file)), HasSubstr("cut short"));
}

// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/boot_image.hpp"

#include <gmock/gmock.h>
#include <tuple>

#include "tests/unit/boot/guest_memory.hpp"
#include "tests/unit/boot/kernels.hpp"

using namespace console;
using namespace console::layout;
using test::failure_of;
using test::request_for;
using testing::AllOf;
using testing::HasSubstr;

// Each protocol in each size of VM, with an initrd.
class BootMatrix : public testing::TestWithParam<std::tuple<std::uint64_t, unsigned, BootProtocol>> {
  protected:
    static Bytes kernel(BootProtocol protocol) {
        switch (protocol) {
        case BootProtocol::Linux:
            return test::TestLinux{}.bytes();
        case BootProtocol::Pvh:
            return test::pvh_kernel().bytes();
        default:
            return test::flat_file(test::flat_multiboot());
        }
    }
};
INSTANTIATE_TEST_SUITE_P(
    All, BootMatrix,
    testing::Combine(testing::Values(72 * mib, 96 * mib, 128 * mib, 512 * mib, 3 * gib, 3 * gib + 2 * mib, 8 * gib),
                     testing::Values(1, 2, 3, 4, 5, 6, 7, 8, 32),
                     testing::Values(BootProtocol::Linux, BootProtocol::Pvh, BootProtocol::Multiboot)));

TEST_P(BootMatrix, GivesASoundImage) {
    const auto [size, vcpus, protocol] = GetParam();
    BootRequest request = request_for(kernel(protocol), size);
    request.vcpus = vcpus;
    request.initrd = BootFile{"initrd", Bytes(5 * mib + 1, std::byte{0xaa})};
    const BootImage image = prepare_boot(std::move(request));
    EXPECT_EQ(image.protocol, protocol);
    test::expect_sound(image, size);
    test::expect_flat(image);
}

TEST_P(BootMatrix, LeavesAPcsFirmwareData) {
    const auto [size, vcpus, protocol] = GetParam();
    BootRequest request = request_for(kernel(protocol), size);
    request.vcpus = vcpus;
    const BootImage image = prepare_boot(std::move(request));
    const test::GuestMemory memory(image);
    EXPECT_EQ(memory.u16(0x400), 0x3f8) << "COM1";
    EXPECT_EQ(memory.u16(0x40e), 0x9fc0) << "extended BIOS data";
    EXPECT_EQ(memory.u16(0x413), 639) << "KiB";
    EXPECT_EQ(memory.u8(0x9fc00), 1) << "KiB of extended BIOS data";
    EXPECT_EQ(memory.text(acpi_area, 8), "RSD PTR ");
    EXPECT_EQ(memory.text(mp_area, 4), "_MP_");
}

TEST(BootImage, MemoryOf64MiBIsEnoughForASmallKernel) {
    const BootImage image = prepare_boot(request_for(test::TestLinux{}.bytes(), 64 * mib));
    test::expect_sound(image, 64 * mib);
}

TEST(BootImage, SizeAndVcpusHaveLimits) {
    const auto failure = [](std::uint64_t memory, unsigned vcpus) {
        BootRequest request = request_for(test::flat_file(test::flat_multiboot()), memory);
        request.vcpus = vcpus;
        return failure_of(std::move(request));
    };
    EXPECT_EQ(failure(2 * mib, 1), "");
    EXPECT_EQ(failure(memory_max, 255), "");
    EXPECT_THAT(failure(0, 1), HasSubstr("of memory"));
    EXPECT_THAT(failure(2 * mib - 4096, 1), HasSubstr("2.0 MiB to"));
    EXPECT_THAT(failure(memory_max + 4096, 1), HasSubstr("of memory"));
    EXPECT_THAT(failure(4 * mib + 1, 1), HasSubstr("whole pages"));
    EXPECT_THAT(failure(4 * mib, 0), HasSubstr("0 vCPUs"));
    EXPECT_THAT(failure(4 * mib, 256), HasSubstr("256 vCPUs"));
}

TEST(BootImage, WhatIsNoKernelIsToldApart) {
    const auto failure = [](std::string_view begin) {
        return failure_of(request_for(ByteWriter().text(begin).zeros(0x1000).take()));
    };
    EXPECT_THAT(failure_of(request_for({})), AllOf(HasSubstr("kernel: it is empty"), HasSubstr("again")));
    EXPECT_THAT(failure("Dear reader,\n"), AllOf(HasSubstr("not a kernel"), HasSubstr("bzImage")));
    EXPECT_THAT(failure("\x1f\x8b"), HasSubstr("gunzip"));
    EXPECT_THAT(failure({"\xfd"
                         "7zXZ\0",
                         6}),
                HasSubstr("unxz"));
    EXPECT_THAT(failure("\x28\xb5\x2f\xfd"), HasSubstr("unzstd"));
    EXPECT_THAT(failure("MZ"), HasSubstr("EFI"));
    EXPECT_THAT(failure("070701"), HasSubstr("initrd"));
    EXPECT_THAT(failure("#!/bin/sh\n"), HasSubstr("script"));
}

TEST(BootImage, AnElfFileWithoutProtocolIsToldWhatToTake) {
    test::TestElf<test::Elf64> elf;
    elf.add(PT_LOAD, 0x1000000, Bytes(16), 16);
    EXPECT_THAT(failure_of(request_for(elf.bytes())), AllOf(HasSubstr("neither a PVH entry"), HasSubstr("bzImage")));
}

TEST(BootImage, PvhGoesBeforeMultiboot) {
    auto elf = test::pvh_kernel();
    elf.add(PT_LOAD, 0x2000000, test::TestMultiboot{}.bytes(), 0x100);
    EXPECT_EQ(prepare_boot(request_for(elf.bytes())).protocol, BootProtocol::Pvh);
}

TEST(BootImage, ALongCommandLineIsRefused) {
    BootRequest request = request_for(test::pvh_kernel().bytes());
    request.command_line = std::string(64 * kib + 1, 'x');
    EXPECT_THAT(failure_of(request), HasSubstr("64 KiB"));
    request.command_line.pop_back();
    EXPECT_EQ(failure_of(request), "");
}

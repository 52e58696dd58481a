// SPDX-License-Identifier: GPL-2.0-only
// Debian's kernels, as scripts/setup fetches them.
#include <gmock/gmock.h>
#include <sstream>

#include "console/boot/linux_kernel.hpp"
#include "tests/unit/boot/guest_memory.hpp"
#include "tests/unit/boot/kernels.hpp"

using namespace console;
using namespace console::layout;
using testing::HasSubstr;

namespace {

std::vector<std::string> kernels() {
    std::istringstream words(VMNIX_KERNELS);
    return {std::istream_iterator<std::string>(words), {}};
}

class RealKernels : public testing::TestWithParam<std::string> {
  protected:
    BootRequest request(std::uint64_t memory) const {
        BootRequest request = test::request_for({}, memory);
        request.kernel = read_boot_file(GetParam(), memory);
        return request;
    }
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Debian, RealKernels, testing::ValuesIn(kernels()));

TEST(RealKernels, ThereAreTwo) {
    EXPECT_EQ(kernels().size(), 2u);
}

TEST_P(RealKernels, SayWhatBootRstPromises) {
    const BootFile kernel = read_boot_file(GetParam(), 64 * mib);
    const FileView file(kernel.name, kernel.bytes);
    ASSERT_TRUE(LinuxKernel::recognise(file));
    const LinuxKernel parsed = LinuxKernel::parse(file);
    EXPECT_EQ(parsed.version, 0x20f);
    EXPECT_EQ(parsed.load_address, 0x1000000u);
    EXPECT_EQ(parsed.area_begin, 0x1000000u);
    EXPECT_GT(parsed.area_end, 0x1000000 + 3 * parsed.protected_mode.size()) << "room to unpack itself";
    EXPECT_EQ(parsed.initrd_end, 2 * gib);
    EXPECT_EQ(parsed.command_line_max, 2047u);
}

TEST_P(RealKernels, BootWith96MiBAndNotWith64) {
    const BootImage image = prepare_boot(request(96 * mib));
    test::expect_sound(image, 96 * mib);
    test::expect_flat(image);
    EXPECT_EQ(image.protocol, BootProtocol::Linux);
    EXPECT_EQ(image.entry.rip, image.segments.back().address);
    // startup_32 begins with cld; cli: nothing may be cut off before it.
    EXPECT_EQ(test::GuestMemory(image).u16(image.entry.rip), 0xfafc);
    EXPECT_THAT(test::failure_of(request(64 * mib)), HasSubstr("give the VM at least"));
}

TEST_P(RealKernels, LeaveRoomForAnInitrd) {
    BootRequest with_initrd = request(128 * mib);
    with_initrd.initrd = BootFile{"initrd", Bytes(30 * mib, std::byte{1})};
    const BootImage image = prepare_boot(std::move(with_initrd));
    test::expect_sound(image, 128 * mib);
    EXPECT_EQ(image.segments.back().address, 98 * mib);
}

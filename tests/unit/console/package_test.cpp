// SPDX-License-Identifier: GPL-2.0-only
#include <gmock/gmock.h>

#include "console/service_console/kernel_command_line.hpp"
#include "console/service_console/package_layout.hpp"
#include "tests/unit/console/package_fixture.hpp"

using namespace console;
using namespace console::test;
using testing::HasSubstr;

namespace {

constexpr std::uint64_t mib = 1 << 20;

class PackageTest : public testing::Test {
  protected:
    Package build(const PackageWish &wish = {}, const std::vector<MemoryPiece> &taken = {}) {
        return build_package(rig.root.path(), wish, taken);
    }
    Failure failure(const PackageWish &wish = {}, const std::vector<MemoryPiece> &taken = {}) {
        try {
            build(wish, taken);
        } catch (const Failure &failure) {
            return failure;
        }
        ADD_FAILURE() << "no failure";
        return {ExitCode::Ok, ""};
    }
    std::string text_at(const Package &package, std::uint64_t address) {
        std::string text;
        while (const char letter = field_of<char>(package, address + text.size()))
            text += letter;
        return text;
    }

    PackageRig rig;
};

} // namespace

TEST_F(PackageTest, IsTheRunningKernelByDefault) {
    const Package package = build();
    EXPECT_EQ(package.release, "6.12.1");
    EXPECT_THAT(package.header.text, HasSubstr("Linux 6.12.1: kernel "));
    EXPECT_EQ(package.header.room_base, 16 * mib);
    EXPECT_EQ(package.header.room_bytes % VMNIX_PIECE_SIZE, 0u);
    EXPECT_EQ(text_at(package, package_layout::command_line), "root=/dev/sda1 quiet panic=1 vmnix=adopt");
    const std::uint64_t page = package_layout::zero_page;
    EXPECT_EQ(field_of<std::uint32_t>(package, page + 0x214), 16 * mib);
    const auto initrd = field_of<std::uint32_t>(package, page + 0x218);
    EXPECT_EQ(initrd, 64 * mib); // behind the kernel's init_size
    EXPECT_EQ(field_of<std::uint32_t>(package, page + 0x21c), 5000u);
    EXPECT_EQ(field_of<char>(package, initrd + 4999), 'i');
    EXPECT_EQ(field_of<std::uint32_t>(package, page + 0x228), package_layout::command_line);
}

TEST_F(PackageTest, ItsSegmentsAreWhatTheVmmTakes) {
    const Package package = build();
    std::uint64_t offset = 0;
    ASSERT_EQ(package.header.segment_count, 3u);
    for (std::uint32_t i = 0; i < 3; ++i) {
        const vmnix_package_segment &segment = package.header.segment[i];
        EXPECT_EQ(segment.to % 4096, 0u);
        EXPECT_EQ(segment.offset, offset);
        EXPECT_TRUE(segment.to + segment.bytes <= VMNIX_LOW_MEMORY ||
                    (segment.to >= package.header.room_base &&
                     segment.to + segment.bytes <= package.header.room_base + package.header.room_bytes));
        offset += segment.bytes;
    }
    EXPECT_EQ(offset, package.header.bytes);
    EXPECT_EQ(package.bytes.size(), package.header.bytes);
    EXPECT_EQ(package.header.checksum,
              vmnix_checksum(VMNIX_CHECKSUM_BEGIN, package.bytes.data(), package.bytes.size()));
    EXPECT_EQ(package.header.state.rip, package_layout::loader);
    EXPECT_EQ(field_of<std::uint8_t>(package, package_layout::loader), 0xfc); // cld
}

TEST_F(PackageTest, TheZeroPageIsTheRunningOneWithoutWhatWasOfItsBoot) {
    const Package package = build();
    const std::uint64_t page = package_layout::zero_page;
    EXPECT_EQ(field_of<std::uint8_t>(package, page), 0xaa);        // the screen
    EXPECT_EQ(field_of<std::uint32_t>(package, page + 0x1c0), 0u); // EFI
    EXPECT_EQ(field_of<std::uint32_t>(package, page + 0x0c0), 0u); // the initrd's address above 4 GiB
    EXPECT_EQ(field_of<std::uint8_t>(package, page + 0x1ef), 0u);  // the sentinel
    EXPECT_EQ(field_of<std::uint64_t>(package, page + 0x250), 0u); // setup_data
    EXPECT_EQ(field_of<std::uint8_t>(package, page + 0x1e8), 3u);  // entries of the map
    EXPECT_EQ(field_of<std::uint64_t>(package, page + 0x2d0 + 40), mib);
    EXPECT_EQ(field_of<std::uint32_t>(package, page + 0x2d0 + 20 + 16), 2u);
}

TEST_F(PackageTest, TheRootOfAcpiComesFromEfiWhereItMust) {
    rig.root.write("/sys/kernel/boot_params/data", std::string(4096, '\0'));
    EXPECT_EQ(field_of<std::uint64_t>(build(), package_layout::zero_page + 0x70), 0u);
    rig.root.write("/sys/firmware/efi/systab", "ACPI20=0x7ff01014\nACPI=0x7ff01000\n");
    EXPECT_EQ(field_of<std::uint64_t>(build(), package_layout::zero_page + 0x70), 0x7ff01014u);
}

TEST_F(PackageTest, VmsMemoryIsAvoided) {
    const Package package = build({}, {{20 * mib, 2 * mib}, {400 * mib, 2 * mib}});
    EXPECT_EQ(package.header.room_base, 22 * mib);
    EXPECT_EQ(field_of<std::uint32_t>(package, package_layout::zero_page + 0x214), 22 * mib);
}

TEST_F(PackageTest, LessRoomThanWouldBeGoodDoes) {
    const Package package = build({}, {{100 * mib, 900 * mib}});
    EXPECT_EQ(package.header.room_base, 16 * mib);
    EXPECT_LE(package.header.room_bytes, 84 * mib);
}

TEST_F(PackageTest, WithoutRoomItIsRefused) {
    const Failure by_vms = failure({}, {{20 * mib, 1000 * mib}});
    EXPECT_THAT(by_vms.cause(), HasSubstr("VMs lie there"));
    EXPECT_EQ(by_vms.code(), ExitCode::Refused);
    rig.memory_range(2, 0x100000, 32 * mib, "System RAM");
    EXPECT_THAT(failure().cause(), HasSubstr("which this machine does not have"));
}

TEST_F(PackageTest, AFileThatIsNoKernelIsRefused) {
    rig.root.write("/boot/vmlinuz-6.12.1", "no kernel");
    EXPECT_THAT(failure().cause(), HasSubstr("it is no Linux kernel"));
    EXPECT_THAT(failure({rig.root.at("/boot/none").string(), {}, {}}).cause(), HasSubstr("cannot read"));
    rig.root.remove("/boot/vmlinuz-6.12.1");
    EXPECT_THAT(failure().remedy(), HasSubstr("--kernel FILE"));
}

TEST_F(PackageTest, AMachineThatDoesNotTellItsMemoryIsRefused) {
    rig.root.remove("/sys/firmware/memmap");
    EXPECT_THAT(failure().cause(), HasSubstr("no map of memory"));
    for (unsigned i = 0; i < 129; ++i)
        rig.memory_range(i, i * mib, i * mib + 4096, "Reserved");
    EXPECT_THAT(failure().cause(), HasSubstr("129 entries"));
}

TEST_F(PackageTest, LowMemoryMustBeThere) {
    rig.memory_range(0, 0, 0x10000, "System RAM");
    EXPECT_THAT(failure().cause(), HasSubstr("the loader lies there"));
}

TEST_F(PackageTest, ACommandLineThatIsTooLongIsRefused) {
    EXPECT_THAT(failure({{}, {}, std::string(2048, 'a')}).remedy(), HasSubstr("--append"));
}

TEST_F(PackageTest, AnInitrdIsTakenFromBesideTheKernel) {
    rig.root.remove("/boot/initrd.img-6.12.1");
    const Package package = build();
    EXPECT_THAT(package.header.text, HasSubstr("no initrd"));
    EXPECT_EQ(package.header.segment_count, 2u);
    EXPECT_THAT(failure({{}, rig.root.at("/boot/mine").string(), {}}).cause(), HasSubstr("cannot read"));
}

TEST(RestartCommandLine, LeavesOutWhatWasOfTheBoot) {
    EXPECT_EQ(restart_command_line("BOOT_IMAGE=(hd0)/vmlinuz initrd=\\i ro vmnix=off a=\"b c\"\n"),
              "ro a=\"b c\" panic=1 vmnix=adopt");
    EXPECT_EQ(restart_command_line("ro vmnix=adopt -- single"), "ro panic=1 vmnix=adopt -- single");
    EXPECT_EQ(restart_command_line("ro panic=1 vmnix=adopt"), "ro panic=1 vmnix=adopt"); // of one that was restarted
    EXPECT_EQ(restart_command_line("panic=0 -- panic=9"), "panic=0 vmnix=adopt -- panic=9");
    EXPECT_EQ(restart_command_line(""), "panic=1 vmnix=adopt");
}

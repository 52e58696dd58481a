// SPDX-License-Identifier: GPL-2.0-only
// Kernels that stand in no bzImage of Linux.
#include "tests/machine/suites/guest_vm.hpp"

#include <regex>

using namespace suites;

class VmKernels : public testing::Test {
  public:
    static void SetUpTestSuite() {
        console = std::make_unique<Console>(Description{.archive = "others", .one_thread = true});
        console->launch();
    }
    static void TearDownTestSuite() {
        expect_nothing_given(*console);
        expect_clean_log(*console);
        console.reset();
    }
    static inline std::unique_ptr<Console> console;
};

// Debian's kernel as an ELF file, entered through its PVH note.
TEST_F(VmKernels, LinuxByPvh) {
    GuestVm guest(*console, {.vcpus = 2, .memory_mib = 192, .image = "/boot/vmlinux"});
    EXPECT_EQ(guest.must("cat /proc/sys/kernel/bootloader_type"), "176\n"); // Linux: 0xb for PVH that is not Xen's
    EXPECT_EQ(guest.must("nproc"), "2\n");
    expect_echo(guest);
    guest.expect_clean_log();
    guest.type("poweroff");
    EXPECT_EQ(guest.wait_for_end(), "powered_off: ");
}

// All tests of a pass but the last take seconds, and that waits for minutes: in make test it is not waited for.
TEST_F(VmKernels, Memtest86) {
    Vm vm(*console, "memtest",
          "vmnix run --name memtest --kernel /boot/memtest86+x64.bin --memory 8M --append 'console=ttyS0,115200'");
    const auto start = std::chrono::steady_clock::now();
    vm.wait_until_says("#10 [Bit fade test, 2 patterns]", Seconds(120));
    if (whole_matrix())
        vm.wait_until_says("Pass:  1", Seconds(1800));
    std::cout << "[   INFO   ] took " << Seconds(std::chrono::steady_clock::now() - start).count() << " s\n";
    EXPECT_TRUE(vm.says("Errors: 0 "));
    EXPECT_FALSE(std::regex_search(vm.log(), std::regex("Errors: +[1-9]")));
    EXPECT_EQ(vm.state(), "running");
    vm.kill();
}

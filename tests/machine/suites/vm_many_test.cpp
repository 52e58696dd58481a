// SPDX-License-Identifier: GPL-2.0-only
// Many stock kernels at once on a small machine.
#include "tests/machine/suites/guest_vm.hpp"

#include <fmt/format.h>

using namespace suites;

// Sixteen take minutes on an emulator: in make test there are fewer, of the same size.
TEST(VmMany, EachIsAtItsShell) {
    constexpr unsigned kMib = 96;
    const unsigned vms = whole_matrix() ? 16 : 6;
    Console console({.memory_mib = 3072, .one_thread = true});
    console.launch();
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::unique_ptr<GuestVm>> guests;
    for (unsigned i = 0; i < vms; ++i)
        guests.push_back(std::make_unique<GuestVm>(
            console, VmSetup{.name = fmt::format("vm{}", i), .memory_mib = kMib, .limit = Seconds(600)}, false));
    for (auto &guest : guests)
        guest->wait_for_shell(Seconds(600));
    const double booted = Seconds(std::chrono::steady_clock::now() - start).count();
    for (auto &guest : guests)
        expect_echo(*guest);
    const auto memory = expect_memory_adds_up(console);
    EXPECT_EQ(memory["vms"], vms);
    EXPECT_EQ(memory["ram"], std::uint64_t{vms} * kMib << 20);
    std::cout << fmt::format("[   INFO   ] {} VMs of {} MiB at their shells after {:.0f} s; {} MiB given, {} KiB of "
                             "frames used\n",
                             vms, kMib, booted, memory["given"].get<std::uint64_t>() >> 20,
                             memory["frames_used"].get<std::uint64_t>() >> 10);
    expect_works(console);
    guests.clear();
    expect_nothing_given(console);
    expect_clean_log(console);
    console.leave();
    expect_bare(console);
}

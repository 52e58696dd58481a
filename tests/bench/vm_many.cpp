// SPDX-License-Identifier: GPL-2.0-only
// Many stock kernels at once. Seconds are the host's, and so depend on what else it does.
#include "tests/bench/groups.hpp"
#include "tests/machine/suites/guest_vm.hpp"

#include <chrono>
#include <fmt/format.h>

namespace bench {

std::vector<Row> measure_vm_many() {
    constexpr unsigned kVms = 16, kMib = 96;
    const suites::Seconds limit(900);
    Row silent{.id = "vm.many", .what = "16 Debian VMs of 96 MiB, 2 CPUs, 3 GiB: do not answer", .target = 0};
    Row time{.id = "vm.many.time", .what = "16 Debian VMs: all at their shells (s of the host)"};
    Row memory{.id = "vm.many.memory", .what = "16 Debian VMs: memory that the console gave (bytes)"};
    suites::Console console({.memory_mib = 3072, .one_thread = true});
    console.launch();
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::unique_ptr<suites::GuestVm>> guests;
    for (unsigned i = 0; i < kVms; ++i)
        guests.push_back(std::make_unique<suites::GuestVm>(
            console, suites::VmSetup{.name = fmt::format("vm{}", i), .memory_mib = kMib, .limit = limit}, false));
    for (auto &guest : guests)
        guest->wait_for_shell(limit);
    time.value = suites::Seconds(std::chrono::steady_clock::now() - start).count();
    silent.value = 0;
    for (auto &guest : guests)
        *silent.value += guest->must("echo " + guest->name()) != guest->name() + "\n";
    memory.value = nlohmann::json::parse(console.must_probe("vm-memory"))["given"].get<double>();
    return {silent, time, memory};
}

} // namespace bench

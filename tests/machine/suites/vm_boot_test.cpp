// SPDX-License-Identifier: GPL-2.0-only
// Stock Debian kernels as VMs: each under each, with more and fewer vCPUs than there are CPUs.
#include "tests/machine/suites/guest_vm.hpp"
#include "tests/machine/suites/pairs.hpp"

#include <fmt/format.h>

using namespace suites;

namespace {

struct Guest {
    std::string kernel;
    unsigned vcpus;
};
struct Host {
    std::string kernel;
    unsigned cpus;
    std::vector<Guest> guests; // one after the other
};

// Every pair of console kernel, CPUs, guest kernel and vCPUs stands in some row: VmMatrix.CoversEveryPair.
const std::vector<Host> kPairwise{
    {"6.12", 1, {{"6.12", 1}, {"6.1", 4}}}, {"6.1", 1, {{"6.1", 2}, {"6.12", 8}}},
    {"6.12", 2, {{"6.12", 2}, {"6.1", 8}}}, {"6.1", 2, {{"6.1", 1}, {"6.12", 4}}},
    {"6.12", 4, {{"6.1", 1}, {"6.12", 8}}}, {"6.1", 4, {{"6.1", 2}, {"6.12", 4}}},
};

void PrintTo(const Host &host, std::ostream *out) {
    *out << host.kernel << " on " << host.cpus << " CPUs";
}

std::vector<Host> whole() {
    std::vector<Host> hosts;
    for (const char *kernel : {"6.1", "6.12"})
        for (unsigned cpus : {1, 2, 4}) {
            hosts.push_back({kernel, cpus, {}});
            for (const char *guest : {"6.1", "6.12"})
                for (unsigned vcpus : {1, 2, 4, 8})
                    hosts.back().guests.push_back({guest, vcpus});
        }
    return hosts;
}

std::vector<std::array<std::string, 4>> rows(const std::vector<Host> &hosts) {
    std::vector<std::array<std::string, 4>> result;
    for (const Host &host : hosts)
        for (const Guest &guest : host.guests)
            result.push_back({host.kernel, std::to_string(host.cpus), guest.kernel, std::to_string(guest.vcpus)});
    return result;
}

// What Linux counts as memory lacks only its first pages and what the firmware keeps.
void expect_memory(GuestVm &guest) {
    const std::string kib = guest.must("dmesg | sed -n 's|.*Memory: .*/\\([0-9]*\\)K available.*|\\1|p'");
    ASSERT_FALSE(kib.empty()) << guest.must("dmesg");
    const int missing = static_cast<int>(guest.setup().memory_mib * 1024) - std::stoi(kib);
    EXPECT_GE(missing, 0);
    EXPECT_LE(missing, 1536);
}

void boot_and_end(Console &console, const Guest &row) {
    SCOPED_TRACE(fmt::format("guest {} with {} vCPUs", row.kernel, row.vcpus));
    GuestVm guest(console,
                  {.vcpus = row.vcpus, .memory_mib = 96 + 4 * row.vcpus, .kernel = row.kernel, .limit = Seconds(180)});
    expect_echo(guest);
    EXPECT_EQ(guest.must("nproc"), std::to_string(row.vcpus) + "\n");
    EXPECT_EQ(guest.must("uname -r").substr(0, row.kernel.size() + 1), row.kernel + ".");
    expect_memory(guest);
    guest.expect_clean_log();
    guest.type("poweroff");
    EXPECT_EQ(guest.wait_for_end(), "powered_off: ");
}

} // namespace

TEST(VmMatrix, CoversEveryPair) {
    EXPECT_EQ(pairs_of(rows(kPairwise)), pairs_of(rows(whole())));
}

class VmBoot : public testing::TestWithParam<Host> {};

TEST_P(VmBoot, ReachesItsShellAndPowersOff) {
    const Host &host = GetParam();
    Console console({.kernel = host.kernel, .cpus = host.cpus, .archive = "guests", .one_thread = true});
    console.launch();
    for (const Guest &guest : host.guests)
        boot_and_end(console, guest);
    expect_nothing_given(console);
    expect_clean_log(console);
    console.leave();
    expect_bare(console);
}

INSTANTIATE_TEST_SUITE_P(Machines, VmBoot, testing::ValuesIn(whole_matrix() ? whole() : kPairwise),
                         [](const auto &info) {
                             return fmt::format("Linux{}_{}_cpus{}", info.param.kernel[0], info.param.kernel.substr(2),
                                                info.param.cpus);
                         });

// SPDX-License-Identifier: GPL-2.0-only
#include "console/top/vm_rates.hpp"

#include "console/status/status_command.hpp"
#include "tests/unit/console/vm_rig.hpp"

using namespace console;
using test::FakeVm;
using test::VmRig;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

namespace {

// Each second of sleep is one for the VMs too, of which web's two vCPUs run a half and wait for CPUs a quarter each.
struct TopRig : VmRig {
    TopRig() {
        vms().add("web");
        vms().add("idle", VMNIX_VM_STATE_PAUSED);
        vms().end(vms().add("old"), VMNIX_VM_KILLED);
        environment.sleep = [this, sleep = environment.sleep](double seconds) {
            sleep(seconds);
            const auto ticks = static_cast<std::uint64_t>(seconds * 1e6);
            vms().tsc += ticks;
            vmnix_vm_info &web = vms().named("web").info;
            web.run_tsc += ticks;
            web.ready_tsc += ticks / 2;
            web.wait_tsc += ticks / 2;
            web.exits += static_cast<std::uint64_t>(seconds * 300);
        };
    }
};

} // namespace

TEST(VmTop, VmsAreRows) {
    TopRig rig;
    ASSERT_EQ(rig.command({"top"}), ExitCode::Ok);
    EXPECT_THAT(rig.out.text, ContainsRegex("name +state +vCPUs +%run +%ready +%wait +exits/s\nconsole +running +2 "));
    EXPECT_THAT(rig.out.text, ContainsRegex("\nweb +running +2 +100.0% +50.0% +50.0% +300\n"));
    EXPECT_THAT(rig.out.text, ContainsRegex("\nidle +paused +2 +0.0% +0.0% +0.0% +0\n"));
    EXPECT_THAT(rig.out.text, Not(HasSubstr("old")));
}

TEST(VmTop, TheExitsOfTheServiceConsoleStayReachable) {
    TopRig rig;
    ASSERT_EQ(rig.command({"top", "--exits"}), ExitCode::Ok);
    EXPECT_THAT(rig.out.text, ContainsRegex("\nall +100 "));
    rig.vms().end(rig.vms().named("web"), VMNIX_VM_KILLED);
    rig.vms().end(rig.vms().named("idle"), VMNIX_VM_KILLED);
    ASSERT_EQ(rig.command({"top"}), ExitCode::Ok); // nothing else to show
    EXPECT_THAT(rig.out.text, ContainsRegex("\nall +100 "));
}

TEST(VmTop, ForMachines) {
    TopRig rig;
    ASSERT_EQ(rig.command({"top", "--json", "-d", "2"}), ExitCode::Ok);
    const auto vms = rig.json()["vms"];
    ASSERT_EQ(vms.size(), 3u);
    EXPECT_EQ(vms[0]["id"], 0);
    EXPECT_EQ(vms[1]["name"], "web");
    EXPECT_DOUBLE_EQ(vms[1]["run_share"], 1);
    EXPECT_DOUBLE_EQ(vms[1]["exits_per_second"], 300);
    EXPECT_EQ(rig.json()["vcpus"].size(), 2u);
}

TEST(VmTop, RowsThatDoNotFitAreCounted) {
    VmRates rates;
    for (std::uint32_t id = 0; id < 10; ++id)
        rates.vms.push_back({id, "vm" + std::to_string(id), VMNIX_VM_STATE_RUNNING, 1, 0, 0, 0, 0});
    const std::string text = vm_rates_table(rates, Style(false), {80, 5}, 100);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5);
    EXPECT_THAT(text, HasSubstr("vm9"));
    EXPECT_THAT(text, HasSubstr("3 of 10 shown, from 7"));
}

TEST(VmStatus, AccountsForAllMemory) {
    VmRig rig;
    rig.vms().memory = {sizeof(vmnix_memory_info), 2, 600ull << 20, 20 << 20, 5 << 20, 512ull << 20, 60 << 20, 8 << 20};
    ASSERT_EQ(rig.command({"status"}), ExitCode::Ok);
    EXPECT_THAT(rig.out.text,
                HasSubstr("for VMs        600.0 MiB given by Linux for 2 VMs: 512.0 MiB RAM, 20.0 MiB tables "
                          "and devices (5.0 MiB of all such used), 60.0 MiB free, 8.0 MiB to be cleared\n"));
    ASSERT_EQ(rig.command({"status", "--json"}), ExitCode::Ok);
    const auto memory = rig.json()["memory"];
    EXPECT_EQ(memory["given_bytes"], 600 << 20);
    EXPECT_EQ(memory["total_bytes"], 632 << 20);
    EXPECT_EQ(memory["vm_ram_bytes"], 512 << 20);
    EXPECT_EQ(memory["frames_used_bytes"], 5 << 20);
    EXPECT_EQ(memory["dirty_bytes"], 8 << 20);
}

TEST(VmStatus, AnOlderVmmTellsNothingOfIt) {
    test::Rig rig;
    EXPECT_EQ(run_status(rig.environment, {}), ExitCode::Ok);
    EXPECT_THAT(rig.out.text, Not(HasSubstr("for VMs")));
    rig.out.text.clear();
    EXPECT_EQ(run_status(rig.environment, {.json = true}), ExitCode::Ok);
    EXPECT_FALSE(nlohmann::json::parse(rig.out.text)["memory"].contains("given_bytes"));
}

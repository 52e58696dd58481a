// SPDX-License-Identifier: GPL-2.0-only
#include <gmock/gmock.h>

#include "tests/unit/console/package_fixture.hpp"

using namespace console;
using namespace console::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

struct ServiceConsole : testing::Test {
    ServiceConsole() {
        rig.environment.run_program = [this](const std::vector<std::string> &words) {
            programs.push_back(words.front());
            marked = std::filesystem::exists(rig.root.at("/run/vmnix/keep-guests"));
            return program_code;
        };
        rig.vms().memory.vms = 1;
    }
    ExitCode command(std::vector<std::string> words) {
        words.insert(words.begin(), "service-console");
        return rig.command(words);
    }
    FakeConsole &console() { return rig.vms().console; }

    PackageRig rig;
    std::vector<std::string> programs;
    int program_code = 0;
    bool marked = false;
};

} // namespace

TEST_F(ServiceConsole, SetRegistersTheRunningKernel) {
    ASSERT_EQ(command({"set"}), ExitCode::Ok) << rig.err.text;
    ASSERT_EQ(console().loads.size(), 1u);
    EXPECT_THAT(rig.out.text, HasSubstr("Linux 6.12.1"));
    EXPECT_EQ(rig.err.text, "");
}

TEST_F(ServiceConsole, APolicyAloneLeavesThePackage) {
    ASSERT_EQ(command({"set", "--on-crash", "hold", "--limit", "3/1h", "--watchdog", "off"}), ExitCode::Ok);
    EXPECT_TRUE(console().loads.empty());
    EXPECT_EQ(console().info.policy.on_crash, VMNIX_ACTION_HOLD);
    EXPECT_EQ(console().info.policy.limit, 3u);
    EXPECT_EQ(console().info.policy.limit_seconds, 3600u);
    EXPECT_EQ(console().info.policy.watchdog_ms, 0u);
}

TEST_F(ServiceConsole, PoliciesThatMakeNoSenseChangeNothing) {
    const std::vector<std::vector<std::string>> wrong{{"--on-crash", "panic"}, {"--on-limit", "restart"},
                                                      {"--limit", "5"},        {"--limit", "0/1h"},
                                                      {"--limit", "5/2d"},     {"--watchdog", "10ms"}};
    for (std::vector<std::string> words : wrong) {
        words.insert(words.begin(), "set");
        EXPECT_EQ(command(words), ExitCode::Usage) << words[1] << words[2];
    }
    EXPECT_EQ(console().info.policy.limit, 5u);
}

TEST_F(ServiceConsole, AKernelWithoutTheModuleIsWarnedOf) {
    rig.root.remove("/lib/modules/6.12.1");
    ASSERT_EQ(command({"set"}), ExitCode::Ok);
    EXPECT_THAT(rig.err.text, HasSubstr("KRELEASE=6.12.1"));
}

TEST_F(ServiceConsole, WithoutEfiAfterwardsIsSaid) {
    rig.root.write("/sys/firmware/efi/systab", "ACPI20=0x3fb7e014\n");
    ASSERT_EQ(command({"set"}), ExitCode::Ok);
    EXPECT_THAT(rig.err.text, HasSubstr("without EFI's runtime services"));
}

TEST_F(ServiceConsole, TooLittleMemoryIsSaidInBothFigures) {
    console().load_answer = VmAnswer::NoMemory;
    EXPECT_EQ(command({"set"}), ExitCode::Refused);
    EXPECT_THAT(rig.err.text, HasSubstr("needs 64 MiB, 32 MiB could be had"));
}

TEST_F(ServiceConsole, AnOrderlyRestartMarksTheGuestsAndReboots) {
    ASSERT_EQ(command({"restart", "--yes"}), ExitCode::Ok) << rig.err.text;
    EXPECT_THAT(programs, ElementsAre("reboot"));
    EXPECT_TRUE(marked);
    EXPECT_EQ(console().loads.size(), 1u) << "there was none";
    rig.root.write("/run/systemd/system/x", "");
    ASSERT_EQ(command({"restart", "--yes"}), ExitCode::Ok);
    EXPECT_EQ(programs.back(), "systemctl");
    EXPECT_EQ(console().loads.size(), 1u);
}

TEST_F(ServiceConsole, ARebootThatFailsTakesTheMarkBack) {
    program_code = 1;
    EXPECT_EQ(command({"restart", "--yes"}), ExitCode::Failure);
    EXPECT_FALSE(std::filesystem::exists(rig.root.at("/run/vmnix/keep-guests")));
}

TEST_F(ServiceConsole, WithoutVmsAnOrderlyRestartIsRefused) {
    rig.vms().memory.vms = 0;
    EXPECT_EQ(command({"restart", "--yes"}), ExitCode::WrongState);
    EXPECT_TRUE(programs.empty());
}

TEST_F(ServiceConsole, WithoutATerminalARestartMustBeMeant) {
    EXPECT_EQ(command({"restart"}), ExitCode::Usage);
    EXPECT_TRUE(programs.empty());
}

TEST_F(ServiceConsole, ForceGivesTheOrder) {
    EXPECT_EQ(command({"restart", "--force", "--yes"}), ExitCode::Failure); // as it returned
    EXPECT_THAT(console().orders, ElementsAre(VMNIX_END_ORDER));
    EXPECT_TRUE(programs.empty());
}

TEST_F(ServiceConsole, TheLogIsCutByConsoles) {
    console().log = "before one\nafter\n";
    console().info.log_head = console().log.size();
    console().info.log_of_this = 11;
    ASSERT_EQ(command({"log"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "after\n");
    ASSERT_EQ(command({"log", "--previous"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "before one\n");
    ASSERT_EQ(command({"log", "--all", "--json"}), ExitCode::Ok);
    EXPECT_EQ(rig.out.text, "{\"text\":\"before one\"}\n{\"text\":\"after\"}\n");
}

TEST_F(ServiceConsole, StatusTellsTheLastEnd) {
    console().info.generation = 2;
    console().info.last_end = VMNIX_END_PANIC;
    std::strcpy(console().info.last_text, "sysrq triggered crash");
    ASSERT_EQ(command({"status"}), ExitCode::Ok);
    EXPECT_THAT(rig.out.text, HasSubstr("its kernel panicked: sysrq triggered crash"));
    EXPECT_THAT(rig.out.text, HasSubstr("5 restarts within 10 min"));
    ASSERT_EQ(command({"status", "--json"}), ExitCode::Ok);
    EXPECT_EQ(rig.json()["last_end"], "panic");
    EXPECT_EQ(rig.json()["generation"], 2);
    ASSERT_EQ(rig.command({"status"}), ExitCode::Ok);
    EXPECT_THAT(rig.out.text, HasSubstr("restart 2; the one before ended"));
}

TEST_F(ServiceConsole, WithoutACrashKernelItIsSaidHowToHaveOne) {
    ASSERT_EQ(command({"core"}), ExitCode::Ok);
    EXPECT_THAT(rig.out.text, HasSubstr("none: no core is saved (install kdump-tools"));
    EXPECT_THAT(rig.out.text, HasSubstr("none in /var/crash"));
}

TEST_F(ServiceConsole, CoresAreListedByAge) {
    rig.root.write("/sys/kernel/kexec_crash_loaded", "1\n");
    rig.root.write("/sys/kernel/kexec_crash_size", "268435456\n");
    rig.root.write("/var/crash/202611260830/dump.202611260830", std::string(2048, 'o'));
    rig.root.write("/var/crash/202611260830/dmesg.202611260830", "messages");
    rig.root.write("/var/crash/202611270834/dump.202611270834", std::string(4096, 'n'));
    rig.root.write("/var/crash/202611270900/dump-incomplete", "half of it");
    std::filesystem::last_write_time(rig.root.at("/var/crash/202611260830/dump.202611260830"),
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(24));
    ASSERT_EQ(command({"core"}), ExitCode::Ok);
    EXPECT_THAT(rig.out.text, HasSubstr("loaded, 256.0 MiB kept for it"));
    rig.out.text.clear();
    ASSERT_EQ(command({"core", "--json"}), ExitCode::Ok);
    const auto cores = rig.json()["cores"];
    ASSERT_EQ(cores.size(), 2u) << cores;
    EXPECT_EQ(cores[0]["path"], "/var/crash/202611270834/dump.202611270834");
    EXPECT_EQ(cores[0]["bytes"], 4096);
    EXPECT_EQ(cores[1]["path"], "/var/crash/202611260830/dump.202611260830");
}

TEST_F(ServiceConsole, OptionsOfAnotherActionAreAMistake) {
    EXPECT_EQ(command({"status", "--kernel", "x"}), ExitCode::Usage);
    EXPECT_EQ(command({"restart", "--watchdog", "10s"}), ExitCode::Usage);
    EXPECT_EQ(command({"log", "--previous", "--all"}), ExitCode::Usage);
    EXPECT_EQ(command({"core", "--follow"}), ExitCode::Usage);
}

TEST_F(ServiceConsole, AnOlderVmmIsSaidToBeOne) {
    rig.machine.info.features &= ~VMNIX_FEATURE_RESTART;
    EXPECT_EQ(command({"set"}), ExitCode::Failure);
    EXPECT_THAT(rig.err.text, HasSubstr("knows no restart"));
    EXPECT_TRUE(console().loads.empty());
}

// SPDX-License-Identifier: GPL-2.0-only
#include "console/selftest/selftest_report.hpp"

#include <csignal>
#include <fmt/format.h>

#include "console/base/file.hpp"
#include "console/selftest/host_facts.hpp"
#include "tests/unit/console/check_fixture.hpp"
#include "tests/unit/console/vm_rig.hpp"
#include "vmnix/abi/hypercall/hypercall.h"

using namespace console;
using test::FakeCpuProbe;
using test::FakeVm;
using testing::HasSubstr;
using testing::Not;

namespace {

constexpr const char *cpuinfo = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 33\n"
                                "model name\t: AMD Ryzen 9\nstepping\t: 2\nmicrocode\t: 0xa201210\n\n"
                                "processor\t: 1\nvendor_id\t: other\nbugs\t: none\n";

// CPUID leaves the guest, which the VMM counts.
class ExitingProbe : public FakeCpuProbe {
  public:
    ExitingProbe(const test::FakeCpus &cpus, std::function<void(unsigned)> on_cpuid)
        : FakeCpuProbe(cpus), on_cpuid_(std::move(on_cpuid)) {}
    bool visit(unsigned cpu) override {
        cpu_ = cpu;
        return FakeCpuProbe::visit(cpu);
    }
    CpuidLeaf cpuid(std::uint32_t leaf, std::uint32_t subleaf) override {
        on_cpuid_(cpu_);
        return FakeCpuProbe::cpuid(leaf, subleaf);
    }

  private:
    std::function<void(unsigned)> on_cpuid_;
    unsigned cpu_ = 0;
};

// A machine that can be launched, a service that does it, and a guest that comes to its shell.
struct SelftestTest : test::CheckTest {
    SelftestTest() {
        root.write("/proc/cpuinfo", cpuinfo);
        root.write("/boot/guest.vmlinuz", "kernel");
        root.write("/boot/guest.cpio.gz", "initrd");
        rig.environment.root = root.path();
        rig.environment.cpu_probe = [this] {
            return std::make_unique<ExitingProbe>(
                now_cpus(), [this](unsigned cpu) { rig.machine.cpus.at(cpu).exits[VMNIX_EXIT_CPUID] += counted; });
        };
        rig.environment.wall_clock = [this] { return rig.now; };
        rig.environment.sleep = [this](double seconds) {
            rig.now += seconds + late;
            pass(seconds + late);
        };
        rig.environment.capture_program = [this](const std::vector<std::string> &words) { return service(words); };
        opened = rig.environment.open_device;
        rig.environment.open_device = [this]() -> std::unique_ptr<VmmDevice> {
            if (!running)
                throw Failure(ExitCode::NotRunning, "the VMM is not loaded");
            return opened();
        };
        rig.vms().on_start = [this](FakeVm &vm) { vm.output = said; };
        rig.vms().on_power_button = [this](FakeVm &vm) { rig.vms().end(vm, ending); };
        for (vmnix_cpu_stats &cpu : rig.machine.cpus)
            cpu.state = VMNIX_VCPU_RUNNING;
        rig.machine.log = {"[0.000361] launched on 2 CPUs\n"};
    }

    test::FakeCpus now_cpus() {
        test::FakeCpus seen = cpus;
        if (running)
            seen.leaf({VMNIX_CPUID_BASE, 0}) = {VMNIX_CPUID_BASE, VMNIX_CPUID_EBX, VMNIX_CPUID_ECX, VMNIX_CPUID_EDX};
        return seen;
    }
    void pass(double seconds) {
        for (vmnix_cpu_stats &cpu : rig.machine.cpus) {
            cpu.tsc += static_cast<std::uint64_t>(seconds * tsc_speed * 1e6);
        }
    }
    ProgramResult service(const std::vector<std::string> &words) {
        programs.push_back(words.back());
        if (words.back() == "dmesg")
            return {0, "[ 1.0] myhost kernel: eth0 up\n[ 2.0] vmnix: launched\n"};
        if (words.back() == "start" && start.code != 0)
            return start;
        if (words.back() == "stop" && stop.code != 0)
            return stop;
        running = words.back() == "start";
        return {0, running ? "vmnix: started. VMM 1.2.3 runs this machine\n" : "vmnix: stopped\n"};
    }
    ExitCode selftest(std::vector<std::string> more = {}) {
        more.insert(more.begin(), {"selftest", "--json", "--yes"});
        const ExitCode code = rig.command(more);
        seen = rig.out.text.empty() ? nlohmann::json() : nlohmann::json::parse(rig.out.text);
        return code;
    }
    std::string outcomes() const {
        std::string text;
        for (const auto &step : seen["steps"])
            text += fmt::format("{} {}\n", step["name"].get<std::string>(), step["outcome"].get<std::string>());
        return text;
    }
    std::string text_of(unsigned step) const { return seen["steps"][step]["text"]; }

    test::VmRig rig;
    std::function<std::unique_ptr<VmmDevice>()> opened;
    std::vector<std::string> programs;
    ProgramResult start{0, ""}, stop{0, ""};
    bool running = false;
    double late = 0.001, tsc_speed = 1;
    std::uint64_t counted = 10;
    std::string said = "Linux boots\nguest# ";
    vmnix_vm_ending ending = VMNIX_VM_POWERED_OFF;
    nlohmann::json seen;
};

} // namespace

TEST_F(SelftestTest, GoesThereAndBack) {
    EXPECT_EQ(selftest(), ExitCode::Ok) << rig.err.text << rig.out.text;
    EXPECT_EQ(outcomes(), "check ok\nlaunch ok\nconsole ok\nvm ok\nleave ok\n");
    EXPECT_EQ(programs, (std::vector<std::string>{"start", "stop", "dmesg"}));
    EXPECT_EQ(seen["result"], "ok");
    EXPECT_TRUE(rig.vms().list.empty());
    EXPECT_EQ(rig.loaded.at(0).name, "vmnix-selftest");
    EXPECT_EQ(rig.loaded.at(0).initrd, root.at("/boot/guest.cpio.gz"));
    EXPECT_EQ(rig.loaded.at(0).append, "console=ttyS0");
}

TEST_F(SelftestTest, TheReportIsAllThatIsSent) {
    ASSERT_EQ(selftest({"--report", root.at("/report").string()}), ExitCode::Ok) << rig.err.text;
    EXPECT_EQ(read_file(root.at("/report")), rig.out.text);
    EXPECT_EQ(seen["host"]["vendor"], "AuthenticAMD");
    EXPECT_EQ(seen["host"]["microcode"], "0xa201210");
    EXPECT_EQ(seen["host"]["msrs"]["0xc0000080"], "0xd01");
    EXPECT_EQ(seen["host"]["under_vmm"], false);
    EXPECT_EQ(seen["check"]["can_launch"], true);
    EXPECT_EQ(seen["status"]["launch"]["cpus"], 2);
    EXPECT_FALSE(seen["status"].contains("service_console"));
    EXPECT_EQ(seen["status"]["cpus"].size(), 2u);
    EXPECT_EQ(seen["vmm_log"], nlohmann::json::array({"[0.000361] launched on 2 CPUs"}));
    EXPECT_EQ(seen["kernel_log"], nlohmann::json::array({"[ 2.0] vmnix: launched"}));
    EXPECT_NEAR(seen["clock"]["tsc_seconds"].get<double>(), 1, 0.01);
    EXPECT_THAT(rig.out.text, Not(HasSubstr("myhost")));
}

TEST_F(SelftestTest, IntelsCapabilitiesAreReported) {
    become_intel();
    root.write("/proc/cpuinfo", "vendor_id : GenuineIntel\n");
    selftest();
    EXPECT_EQ(seen["host"]["msrs"]["0x3a"], "0x5");
    EXPECT_EQ(seen["host"]["msrs"].size(), 1u + VMNIX_VMX_MSRS);
}

TEST_F(SelftestTest, OneThatRunsAlreadyIsUsedAndStays) {
    running = true;
    EXPECT_EQ(rig.command({"selftest", "--json"}), ExitCode::Ok) << rig.err.text; // nothing to ask about
    seen = nlohmann::json::parse(rig.out.text);
    EXPECT_EQ(outcomes(), "check skipped\nlaunch skipped\nconsole ok\nvm ok\nleave skipped\n");
    EXPECT_EQ(programs, std::vector<std::string>{"dmesg"});
    EXPECT_TRUE(running);
    EXPECT_EQ(seen["host"]["under_vmm"], true);
}

TEST_F(SelftestTest, WithoutATerminalYesMustBeSaid) {
    EXPECT_EQ(rig.command({"selftest"}), ExitCode::Usage);
    EXPECT_THAT(rig.err.text, HasSubstr("--yes"));
    EXPECT_TRUE(programs.empty());
}

TEST_F(SelftestTest, WhatWouldBeRefusedIsNotTried) {
    cpus.leaf({0x80000001, 0}).ecx = 0; // no SVM
    EXPECT_EQ(selftest(), ExitCode::Failure);
    EXPECT_EQ(outcomes(), "check failed\nlaunch skipped\nconsole skipped\nvm skipped\nleave skipped\n");
    EXPECT_EQ(programs, std::vector<std::string>{"dmesg"});
    EXPECT_EQ(seen["result"], "failed");
}

TEST_F(SelftestTest, TheServicesReasonIsTold) {
    start = {4, "vmnix: only root may do that\n"};
    EXPECT_EQ(selftest(), ExitCode::Permission);
    EXPECT_EQ(outcomes(), "check ok\nlaunch failed\nconsole skipped\nvm skipped\nleave skipped\n");
    EXPECT_EQ(text_of(1), "only root may do that");
    start = {1, "vmnix: not started: x\nvmnix: the kernel says: y\n"};
    EXPECT_EQ(selftest(), ExitCode::Failure);
    EXPECT_EQ(text_of(1), "not started: x; the kernel says: y");
}

TEST_F(SelftestTest, WithoutAGuestItSaysSo) {
    root.remove("/boot/guest.vmlinuz");
    EXPECT_EQ(selftest(), ExitCode::Ok);
    EXPECT_EQ(outcomes(), "check ok\nlaunch ok\nconsole ok\nvm skipped\nleave ok\n");
    EXPECT_THAT(text_of(3), HasSubstr("/boot/guest.vmlinuz"));
    EXPECT_EQ(selftest({"--kernel", "/nonexistent/bzImage"}), ExitCode::Usage);
}

TEST_F(SelftestTest, AGuestThatSaysNothingIsRemoved) {
    said = "secret words";
    EXPECT_EQ(selftest({"--timeout", "10s"}), ExitCode::TimedOut);
    EXPECT_EQ(outcomes(), "check ok\nlaunch ok\nconsole ok\nvm failed\nleave ok\n");
    EXPECT_THAT(text_of(3), HasSubstr("did not write 'guest# ' within 10.0 s; it wrote 12 bytes"));
    EXPECT_TRUE(rig.vms().list.empty());
    EXPECT_FALSE(running);
    EXPECT_THAT(rig.err.text, HasSubstr("secret words")); // for who sits there
    EXPECT_THAT(rig.out.text, Not(HasSubstr("secret words")));
    EXPECT_EQ(selftest({"--expect", "words"}), ExitCode::Ok);
}

TEST_F(SelftestTest, AGuestThatEndsOtherwiseIsAFailure) {
    ending = VMNIX_VM_REBOOTED;
    EXPECT_EQ(selftest(), ExitCode::Failure);
    EXPECT_THAT(text_of(3), HasSubstr("did not power off"));
    rig.vms().on_power_button = nullptr; // and one that does not listen
    EXPECT_EQ(selftest(), ExitCode::TimedOut);
    EXPECT_TRUE(rig.vms().list.empty());
    rig.vms().on_start = [this](FakeVm &vm) { rig.vms().end(vm, VMNIX_VM_CRASHED); };
    EXPECT_EQ(selftest(), ExitCode::Failure);
    EXPECT_THAT(text_of(3), HasSubstr("ended before its shell"));
    EXPECT_TRUE(rig.vms().list.empty());
}

TEST_F(SelftestTest, ASignalEndsItByTheWayBack) {
    said = "";
    rig.vms().on_wait = [this](std::uint32_t ms) {
        rig.now += ms / 1000.0;
        ASSERT_EQ(std::raise(SIGTERM), 0);
    };
    EXPECT_EQ(selftest(), ExitCode::Failure);
    EXPECT_EQ(text_of(3), "interrupted by a signal");
    EXPECT_EQ(seen["steps"][4]["outcome"], "ok");
    EXPECT_TRUE(rig.vms().list.empty());
    EXPECT_FALSE(running);
}

TEST_F(SelftestTest, AServiceThatFailsAfterTheLaunchIsLeft) {
    start = {1, "vmnix: odd\n"};
    const auto service = rig.environment.capture_program;
    rig.environment.capture_program = [&](const std::vector<std::string> &words) {
        const ProgramResult result = service(words);
        running = running || words.back() == "start";
        return result;
    };
    EXPECT_EQ(selftest(), ExitCode::Failure);
    EXPECT_EQ(outcomes(), "check ok\nlaunch failed\nconsole ok\nvm ok\nleave ok\n");
    EXPECT_FALSE(running);
}

TEST_F(SelftestTest, AnothersVmOfThisNameStays) {
    running = true;
    rig.vms().add("vmnix-selftest");
    EXPECT_EQ(selftest(), ExitCode::Refused);
    EXPECT_TRUE(rig.vms().has("vmnix-selftest"));
}

TEST_F(SelftestTest, TimersThatAreEarlyOrLateAreFound) {
    late = -0.005;
    EXPECT_EQ(selftest(), ExitCode::Failure);
    EXPECT_THAT(text_of(2), HasSubstr("CPU 0: a timer of 20 ms came after 15"));
    EXPECT_EQ(seen["steps"][3]["outcome"], "ok"); // what does not need it goes on
    late = 0.5;
    EXPECT_EQ(selftest(), ExitCode::Failure);
    EXPECT_THAT(text_of(2), HasSubstr("at best of 3 times"));
}

TEST_F(SelftestTest, ClocksThatDisagreeAreFound) {
    tsc_speed = 1.1;
    EXPECT_EQ(selftest(), ExitCode::Failure);
    EXPECT_THAT(text_of(2), HasSubstr("by the VMM's"));
}

TEST_F(SelftestTest, ACpuOutsideOfTheVmmIsFound) {
    cpus.exceptions[1][{VMNIX_CPUID_BASE, 0}] = {};
    EXPECT_EQ(selftest(), ExitCode::Failure);
    EXPECT_EQ(text_of(2), "CPU 1 does not run under the VMM");
}

TEST_F(SelftestTest, ExitsThatAreNotCountedAreFound) {
    counted = 0;
    EXPECT_EQ(selftest(), ExitCode::Failure);
    EXPECT_THAT(text_of(2), HasSubstr("the VMM counted no exit of it"));
}

TEST_F(SelftestTest, AWayBackThatFailsIsTold) {
    stop = {1, "vmnix: not stopped: the module has 1 user(s): editor (7)\n"};
    EXPECT_EQ(selftest(), ExitCode::Failure);
    EXPECT_EQ(outcomes(), "check ok\nlaunch ok\nconsole ok\nvm ok\nleave failed\n");
    EXPECT_THAT(text_of(4), HasSubstr("not stopped"));
}

TEST_F(SelftestTest, UsersPathsAreNotReported) {
    root.write("/home/alice/k", "kernel");
    rig.vms().create_answer = VmAnswer::Invalid;
    rig.environment.load_image = [](const VmOptions &options) -> VmImage {
        throw Failure(ExitCode::Failure, "cannot boot " + options.kernel);
    };
    EXPECT_EQ(selftest({"--kernel", root.at("/home/alice/k").string()}), ExitCode::Failure);
    EXPECT_EQ(text_of(3), "cannot boot (the file of --kernel)");
    EXPECT_THAT(rig.out.text, Not(HasSubstr("alice")));
}

// A machine that goes down in a step leaves a report that says in which.
TEST_F(SelftestTest, TheReportIsWrittenBeforeEachStep) {
    std::string at_start;
    const auto service = rig.environment.capture_program;
    rig.environment.capture_program = [&](const std::vector<std::string> &words) {
        if (words.back() == "start")
            at_start = read_file(root.at("/report")).value_or("");
        return service(words);
    };
    ASSERT_EQ(selftest({"--report", root.at("/report").string()}), ExitCode::Ok);
    const auto half = nlohmann::json::parse(at_start);
    EXPECT_EQ(half["result"], "unfinished");
    EXPECT_EQ(half["steps"].back()["name"], "launch");
    EXPECT_EQ(half["steps"].back()["outcome"], "running");
    EXPECT_FALSE(half["host"]["msrs"].empty());
}

TEST_F(SelftestTest, AReportThatCannotBeWrittenKeepsNothingFromLeaving) {
    EXPECT_EQ(selftest({"--report", "/nonexistent/report"}), ExitCode::Failure);
    EXPECT_THAT(rig.err.text, HasSubstr("cannot write /nonexistent/report"));
    EXPECT_FALSE(running);
    EXPECT_TRUE(rig.vms().list.empty());
}

TEST_F(SelftestTest, PeopleReadALineForEachStep) {
    EXPECT_EQ(rig.command({"selftest", "--yes"}), ExitCode::Ok);
    EXPECT_THAT(rig.out.text, testing::ContainsRegex("check    ok       .*nothing speaks against a launch\n"
                                                     "launch   ok       .*started"));
    EXPECT_THAT(rig.out.text, HasSubstr("AMD Ryzen 9, family 25 model 33 stepping 2, microcode 0xa201210"));
}

TEST(SelftestReportTest, TheFirstFailureIsTheCode) {
    using Outcome = SelftestStep::Outcome;
    SelftestReport report;
    report.steps = {{"a", Outcome::Ok, 1, "", "", ExitCode::Ok},
                    {"b", Outcome::Failed, 1, "why", "do", ExitCode::TimedOut},
                    {"c", Outcome::Failed, 1, "", "", ExitCode::Failure}};
    EXPECT_EQ(report.code(), ExitCode::TimedOut);
    report.finished = true;
    EXPECT_EQ(selftest_json(report)["result"], "failed");
    report.steps = {{"a", Outcome::Skipped, 0, "", "", ExitCode::Ok}};
    EXPECT_EQ(report.code(), ExitCode::Ok);
    EXPECT_EQ(selftest_json(report)["result"], "ok");
    EXPECT_THAT(selftest_text(report, Style(false), 0), HasSubstr("ok, with 1 skipped"));
    report.finished = false;
    EXPECT_EQ(selftest_json(report)["result"], "unfinished");
}

TEST(CpuinfoValue, IsTheFirstCpus) {
    EXPECT_EQ(cpuinfo_value(cpuinfo, "vendor_id"), "AuthenticAMD");
    EXPECT_EQ(cpuinfo_value(cpuinfo, "model"), "33");
    EXPECT_EQ(cpuinfo_value(cpuinfo, "bugs"), "");
    EXPECT_EQ(cpuinfo_value("", "model"), "");
}

TEST(CaptureProgram, GivesTextAndCode) {
    const ProgramResult result = capture_program_here({"sh", "-c", "echo out; echo err >&2; exit 3"});
    EXPECT_EQ(result.code, 3);
    EXPECT_EQ(result.text, "out\nerr\n");
    EXPECT_EQ(capture_program_here({"no-such-program-at-all"}).code, 127);
}

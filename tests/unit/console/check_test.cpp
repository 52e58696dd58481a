// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/check_command.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/unit/console/check_fixture.hpp"
#include "tests/unit/console/fakes.hpp"
#include "vmnix/preflight.h"

using namespace console;
using test::Verdict;
using testing::HasSubstr;

namespace {

class Check : public test::CheckTest {};

} // namespace

TEST_F(Check, AGoodMachineIsAcceptedInEveryRow) {
    const CheckReport report = check();
    EXPECT_FALSE(report.refused()) << check_text(report, Style(false), 0);
    EXPECT_EQ(report.count(Verdict::Unknown), 0u) << check_text(report, Style(false), 0);
    EXPECT_THAT(report.unseen, testing::ElementsAre(HasSubstr("CR4")));
    EXPECT_TRUE(report.warnings.empty());
}

TEST_F(Check, TheRowsAreTheModulesOwn) {
    const CheckReport amd = check();
    become_intel();
    const CheckReport intel = check();
    std::size_t shown = 0;
    for (std::uint32_t i = 0; const char *name = vmnix_preflight_row_name(i); ++i) {
        const auto has_row = testing::Contains(testing::Field(&CheckRow::name, name));
        const bool of_amd = testing::Matches(has_row)(amd.rows), of_intel = testing::Matches(has_row)(intel.rows);
        EXPECT_TRUE(of_amd || of_intel) << name;
        EXPECT_EQ(of_amd && of_intel, !std::string(name).starts_with("SVM") && !std::string(name).starts_with("VT-x") &&
                                          name != std::string("nested paging") &&
                                          name != std::string("extended page tables") &&
                                          name != std::string("memory encryption"))
            << name;
        shown += of_amd;
    }
    EXPECT_EQ(amd.rows.size(), shown + 4); // and those about loading
}

TEST_F(Check, OtherVendor) {
    cpus.leaf({0, 0}) = test::FakeCpus::vendor("CentaurHauls", 0xd);
    EXPECT_EQ(only_refusal().name, "CPU vendor");
}

TEST_F(Check, AGoodIntelMachineIsAcceptedInEveryRow) {
    become_intel();
    const CheckReport report = check();
    EXPECT_FALSE(report.refused()) << check_text(report, Style(false), 0);
    EXPECT_EQ(report.count(Verdict::Unknown), 0u) << check_text(report, Style(false), 0);
}

TEST_F(Check, IntelsSwitchAndCapabilitiesAreReadOnEachCpu) {
    become_intel();
    root.write_msr(1, 0x3a, 1);
    EXPECT_EQ(only_refusal().name, "VT-x enabled by firmware");
    root.write_msr(1, 0x3a, 5);
    cpus.near_msrs[{1, 0x485}] = 1;
    EXPECT_EQ(only_refusal().name, "CPUs alike");
    become_intel();
    for (unsigned cpu = 0; cpu < 2; ++cpu)
        cpus.near_msrs[{cpu, 0x48b}] = 0;
    EXPECT_THAT(only_refusal().text, HasSubstr("lacks EPT"));
    cpus.exceptions[1][{1, 0}] = {0, 0, 1u << 27, 0}; // OSXSAVE only
    EXPECT_EQ(only_refusal().name, "VT-x");
}

TEST_F(Check, AFeatureThatOneCpuLacksIsLacking) {
    cpus.exceptions[1][{0x8000000a, 0}] = {0, 16, 0, 0};
    EXPECT_EQ(only_refusal().name, "nested paging");
}

TEST_F(Check, LeavesBeyondTheHighestAreNotBelieved) {
    cpus.leaf({0x80000000, 0}).eax = 0x80000001;
    EXPECT_EQ(row("nested paging").verdict, Verdict::Refused);
}

TEST_F(Check, FirmwareSwitch) {
    root.write_msr(1, 0xc0010114, 1 << 4);
    EXPECT_EQ(only_refusal().name, "SVM enabled by firmware");
}

TEST_F(Check, UnknownFeatureInUse) {
    cpus.xcr0 = 7 | 1ull << 18;
    EXPECT_EQ(only_refusal().name, "CPU features in use");
}

TEST_F(Check, Xcr0IsLeftAloneWithoutOsxsave) {
    cpus.leaf({1, 0}).ecx = 0;
    cpus.xcr0 = ~0ull;
    EXPECT_FALSE(check().refused());
}

TEST_F(Check, MemoryEncryption) {
    for (unsigned cpu = 0; cpu < 2; ++cpu)
        root.write_msr(cpu, 0xc0010010, 1 << 23);
    EXPECT_EQ(only_refusal().name, "memory encryption");
}

TEST_F(Check, WithoutTheMsrDriverRowsAreUnknownAndTheWayIsTold) {
    root.remove("/dev/cpu");
    const CheckReport report = check();
    EXPECT_FALSE(report.refused());
    EXPECT_GT(report.count(Verdict::Unknown), 4u);
    EXPECT_THAT(report.unseen, testing::Contains(HasSubstr("modprobe msr")));
    EXPECT_THAT(check_text(report, Style(false), 0), HasSubstr("could not be judged"));
}

TEST_F(Check, OfflineCpu) {
    root.write("/sys/devices/system/cpu/present", "0-2\n");
    const CheckRow refusal = only_refusal();
    EXPECT_EQ(refusal.name, "CPUs online");
    EXPECT_THAT(refusal.remedy, HasSubstr("cpu2/online"));
}

TEST_F(Check, MoreCpusThanFit) {
    root.write("/sys/devices/system/cpu/online", "0-299\n");
    root.write("/sys/devices/system/cpu/present", "0-299\n");
    EXPECT_EQ(only_refusal().name, "number of CPUs");
}

TEST_F(Check, ACpuOutOfReachIsNamed) {
    cpus.forbidden = {1};
    EXPECT_THAT(check().unseen, testing::Contains("CPUs that this program may not run on: 1"));
}

TEST_F(Check, CommandLineAndMemory) {
    root.write("/proc/cmdline", "quiet vmnix=off\n");
    EXPECT_EQ(only_refusal().name, "kernel command line");
    root.write("/proc/cmdline", "quiet\n");
    root.write("/proc/meminfo", "MemAvailable: 900 kB\n");
    EXPECT_EQ(only_refusal().name, "free memory");
}

TEST_F(Check, IoapicMemoryMapAndClock) {
    root.write("/proc/iomem", "00001000-3fffffff : System RAM\n");
    EXPECT_EQ(only_refusal().name, "IO-APIC");
    std::string pieces = "fec00000-fec003ff : IOAPIC 0\n";
    for (unsigned i = 1; i < 200; ++i)
        pieces += fmt::format("{:x}-{:x} : System RAM\n", i * 0x2000, i * 0x2000 + 0xfff);
    root.write("/proc/iomem", pieces);
    EXPECT_EQ(only_refusal().name, "memory map");
    root.write("/proc/iomem", "00000000-00000000 : System RAM\n00000000-00000000 : IOAPIC 0\n");
    EXPECT_EQ(row("memory map").verdict, Verdict::Unknown);
    cpus.tsc_khz = 1;
    EXPECT_EQ(only_refusal().name, "time stamp counter");
}

TEST_F(Check, KvmInUseIsRefusedAndIdleIsNot) {
    for (unsigned cpu = 0; cpu < 2; ++cpu)
        root.write_msr(cpu, 0xc0000080, 0x1d01); // SVME, as newer kernels have it from loading on
    root.write("/proc/modules", "kvm_amd 1 0 - Live 0x0\nkvm 1 1 kvm_amd, Live 0x0\n");
    EXPECT_FALSE(check().refused());
    EXPECT_THAT(row("KVM").text, HasSubstr("the service unloads it"));
    root.write("/proc/modules", "kvm_amd 1 2 - Live 0x0\nkvm 1 1 kvm_amd, Live 0x0\n");
    EXPECT_EQ(row("KVM").verdict, Verdict::Refused);
    root.write("/proc/modules", "");
    EXPECT_EQ(only_refusal().name, "SVM not in use");
}

TEST_F(Check, IntelsKvmIsNamed) {
    become_intel();
    root.write("/proc/modules", "kvm_intel 1 0 - Live 0x0\nkvm 1 1 kvm_intel, Live 0x0\n");
    EXPECT_FALSE(check().refused());
    EXPECT_THAT(row("KVM").text, HasSubstr("kvm_intel is loaded but idle; the service unloads it"));
    root.write("/proc/modules", "kvm_intel 1 2 - Live 0x0\nkvm 1 1 kvm_intel, Live 0x0\n");
    EXPECT_THAT(only_refusal().text, HasSubstr("kvm_intel is in use (2 users)"));
}

TEST_F(Check, UnderTheVmmThereIsNothingLeftToJudge) {
    cpus.leaf({1, 0}).ecx |= 1u << 31;
    cpus.leaf({VMNIX_CPUID_BASE, 0}) = {VMNIX_CPUID_VERSION, VMNIX_CPUID_EBX, VMNIX_CPUID_ECX, VMNIX_CPUID_EDX};
    const CheckReport report = check();
    ASSERT_EQ(report.rows.size(), 1u);
    EXPECT_THAT(report.rows[0].text, HasSubstr("runs already"));
    EXPECT_TRUE(report.refused());
}

TEST_F(Check, AHypervisorOfAnotherKindIsNoneOfOurs) {
    cpus.leaf({1, 0}).ecx |= 1u << 31;
    cpus.leaf({VMNIX_CPUID_BASE, 0}) = test::FakeCpus::vendor("KVMKVMKVM\0\0", 0x40000001);
    EXPECT_FALSE(check().refused());
}

TEST_F(Check, WithoutSysfsItSaysSo) {
    root.remove("/sys/devices/system/cpu/online");
    EXPECT_THROW(check(), Failure);
}

TEST_F(Check, ExitCodesAndJson) {
    test::StringOutput out, err;
    Environment environment{root.path(), out, err, {}, [this] { return std::make_unique<test::FakeCpuProbe>(cpus); },
                            {}};
    EXPECT_EQ(run_check(environment, {}), ExitCode::Ok);
    EXPECT_THAT(out.text, testing::EndsWith("\nNothing speaks against a launch.\n"));
    out.text.clear();
    root.remove("/lib/firmware");
    EXPECT_EQ(run_check(environment, {}), ExitCode::Failure);
    EXPECT_THAT(out.text, HasSubstr("refused  VMM image"));
    EXPECT_THAT(out.text, HasSubstr("-> install it"));
    out.text.clear();
    EXPECT_EQ(run_check(environment, {.json = true}), ExitCode::Failure);
    const auto json = nlohmann::json::parse(out.text);
    EXPECT_EQ(json["can_launch"], false);
    EXPECT_EQ(json["refused"], 1);
    EXPECT_EQ(json["unknown"], 0);
    EXPECT_EQ(json["rows"][0]["verdict"], "ok");
    EXPECT_EQ(json["not_checked"].size(), 1u);
}

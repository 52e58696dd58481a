// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/check_command.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <openssl/sha.h>

#include "console/check/check_view.hpp"
#include "console/check/checker.hpp"
#include "tests/unit/console/fake_cpu.hpp"
#include "tests/unit/console/fake_root.hpp"
#include "tests/unit/console/fakes.hpp"
#include "vmnix/elf.h"
#include "vmnix/preflight.h"

using namespace console;
using testing::HasSubstr;
using Verdict = CheckRow::Verdict;

namespace {

constexpr const char *release = "6.12.1-amd64";

// The smallest image that the module's parser takes.
std::string image_file() {
    struct {
        Elf64_Ehdr file;
        Elf64_Phdr program;
        char pad[4096 - sizeof(Elf64_Ehdr) - sizeof(Elf64_Phdr)];
        vmnix_image_header header;
        char code[16];
    } image{};
    std::memcpy(image.file.e_ident, ELFMAG, SELFMAG);
    image.file.e_ident[EI_CLASS] = ELFCLASS64;
    image.file.e_ident[EI_DATA] = ELFDATA2LSB;
    image.file.e_type = ET_EXEC;
    image.file.e_machine = EM_X86_64;
    image.file.e_phentsize = sizeof(Elf64_Phdr);
    image.file.e_phnum = 1;
    image.file.e_phoff = sizeof(Elf64_Ehdr);
    const std::uint64_t size = sizeof image.header + sizeof image.code;
    image.program = {PT_LOAD, PF_R | PF_X, 4096, VMNIX_IMAGE_VA, 0, size, size, 4096};
    image.header.magic = VMNIX_IMAGE_MAGIC;
    image.header.handover_abi = VMNIX_HANDOVER_ABI;
    image.header.header_size = sizeof image.header;
    image.header.loaded_size = size;
    image.header.entry = VMNIX_IMAGE_VA + sizeof image.header;
    std::strcpy(image.header.version, "1.2.3");
    return {reinterpret_cast<const char *>(&image), sizeof image};
}

std::string digest_of(const std::string &content) {
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    SHA256(reinterpret_cast<const unsigned char *>(content.data()), content.size(),
           reinterpret_cast<unsigned char *>(digest.data()));
    return digest;
}

// A machine of two CPUs that can be launched. Each test breaks one thing.
class Check : public testing::Test {
  protected:
    Check() {
        root.write("/proc/modules", "ext4 1 1 - Live 0x0\n");
        root.write("/proc/cmdline", "quiet\n");
        root.write("/proc/meminfo", "MemAvailable: 900000 kB\n");
        root.write("/proc/iomem", "00001000-3fffffff : System RAM\nfec00000-fec003ff : IOAPIC 0\n");
        root.write("/proc/sys/kernel/osrelease", std::string(release) + "\n");
        root.write("/sys/devices/system/cpu/online", "0-1\n");
        root.write("/sys/devices/system/cpu/present", "0-1\n");
        root.write("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
        root.write("/lib/firmware/vmnix/vmkernel", image_file());
        install_module("");
        for (unsigned cpu = 0; cpu < 2; ++cpu) {
            root.write_msr(cpu, 0xc0010114, 0);
            root.write_msr(cpu, 0xc0010010, 0);
            root.write_msr(cpu, 0xc0000080, 0xd01);
            root.write_msr(cpu, 0xda0, 0);
            root.write_msr(cpu, 0x1b, 0xfee00800);
        }
    }

    void install_module(const std::string &end) {
        root.write(module_path, "\x7f"
                                "ELF...." +
                                    digest_of(image_file()) + "...." + end);
    }
    CheckReport check() {
        test::FakeCpuProbe probe(cpus);
        return check_machine(root.path(), probe);
    }
    CheckRow row(const std::string &name) {
        const CheckReport report = check();
        for (const CheckRow &row : report.rows)
            if (row.name == name)
                return row;
        ADD_FAILURE() << "no row " << name;
        return {};
    }
    // The one row that speaks against a launch.
    CheckRow only_refusal() {
        const CheckReport report = check();
        EXPECT_EQ(report.count(Verdict::Refused), 1u) << check_text(report, Style(false), 0);
        for (const CheckRow &row : report.rows)
            if (row.verdict == Verdict::Refused)
                return row;
        return {};
    }

    const std::string module_path = std::string("/lib/modules/") + release + "/extra/vmkmod.ko";
    test::FakeRoot root;
    test::FakeCpus cpus;
};

} // namespace

TEST_F(Check, AGoodMachineIsAcceptedInEveryRow) {
    const CheckReport report = check();
    EXPECT_FALSE(report.refused()) << check_text(report, Style(false), 0);
    EXPECT_EQ(report.count(Verdict::Unknown), 0u) << check_text(report, Style(false), 0);
    EXPECT_THAT(report.unseen, testing::ElementsAre(HasSubstr("CR4")));
    EXPECT_TRUE(report.warnings.empty());
}

TEST_F(Check, TheRowsAreTheModulesOwn) {
    const CheckReport report = check();
    for (std::uint32_t i = 0; const char *name = vmnix_preflight_row_name(i); ++i)
        EXPECT_THAT(report.rows, testing::Contains(testing::Field(&CheckRow::name, name)));
}

TEST_F(Check, OtherVendor) {
    cpus.leaf({0, 0}) = test::FakeCpus::vendor("GenuineIntel", 0xd);
    EXPECT_EQ(row("CPU vendor").verdict, Verdict::Refused);
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

TEST_F(Check, ModulesMustBeLoadable) {
    root.write("/proc/sys/kernel/modules_disabled", "1\n");
    EXPECT_EQ(only_refusal().name, "loadable modules");
    root.remove("/proc/modules");
    EXPECT_EQ(only_refusal().name, "loadable modules");
}

TEST_F(Check, TheModuleMustBeInstalledForThisKernel) {
    root.remove(module_path);
    const CheckRow refusal = only_refusal();
    EXPECT_EQ(refusal.name, "module file");
    EXPECT_THAT(refusal.text, HasSubstr(release));
}

TEST_F(Check, SignatureIsAskedForOnlyUnderLockdown) {
    EXPECT_EQ(row("module signature").text, "not required");
    root.write("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    EXPECT_EQ(only_refusal().name, "module signature");
    EXPECT_THAT(only_refusal().remedy, HasSubstr("mokutil"));
    install_module("~Module signature appended~\n");
    EXPECT_FALSE(check().refused());
    root.write("/sys/kernel/security/lockdown", "[none] integrity\n");
    install_module("");
    root.write("/sys/module/module/parameters/sig_enforce", "Y\n");
    EXPECT_EQ(only_refusal().name, "module signature");
}

TEST_F(Check, ACompressedModuleIsNotJudged) {
    root.remove(module_path);
    root.write(module_path + ".xz", "\xfd"
                                    "7zXZ");
    root.write("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    EXPECT_FALSE(check().refused());
    EXPECT_EQ(row("module signature").verdict, Verdict::Unknown);
    EXPECT_EQ(row("VMM image").verdict, Verdict::Unknown);
}

TEST_F(Check, ImageAbsentForeignOrDamaged) {
    const std::string path = "/lib/firmware/vmnix/vmkernel";
    std::string other = image_file();
    other.back() ^= 1;
    root.write(path, other);
    EXPECT_THAT(only_refusal().text, HasSubstr("SHA-256"));
    root.write(path, other.substr(0, 4100));
    EXPECT_THAT(only_refusal().text, HasSubstr("cut off"));
    root.remove(path);
    EXPECT_THAT(only_refusal().text, HasSubstr("no VMM image"));
    root.write(path + ".gz", "\x1f\x8b\x08");
    EXPECT_EQ(row("VMM image").verdict, Verdict::Unknown);
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

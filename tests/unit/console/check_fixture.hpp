// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstring>
#include <gmock/gmock.h>
#include <openssl/sha.h>
#include <string>

#include "console/check/check_view.hpp"
#include "console/check/checker.hpp"
#include "tests/unit/console/fake_cpu.hpp"
#include "tests/unit/console/fake_root.hpp"
#include "tests/unit/vmnix/vmx_capabilities.hpp"
#include "vmnix/elf.h"
#include "vmnix/preflight.h"

namespace console::test {

using Verdict = CheckRow::Verdict;

inline constexpr const char *release = "6.12.1-amd64";

// The smallest image that the module's parser takes.
inline std::string image_file() {
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

inline std::string digest_of(const std::string &content) {
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    SHA256(reinterpret_cast<const unsigned char *>(content.data()), content.size(),
           reinterpret_cast<unsigned char *>(digest.data()));
    return digest;
}

// A machine of two CPUs that can be launched. Each test breaks one thing.
class CheckTest : public testing::Test {
  protected:
    CheckTest() {
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

    // A machine of two Intel CPUs that can be launched.
    void become_intel() {
        cpus.leaf({0, 0}) = FakeCpus::vendor("GenuineIntel", 0xd);
        cpus.leaf({1, 0}).ecx = 1u << 27 | 1u << 5;
        cpus.leaf({0x80000000, 0}).eax = 0x80000008;
        cpus.leaf({0x80000001, 0}).ecx = 0;
        cpus.leaf({0x80000008, 0}).eax = 39;
        for (unsigned cpu = 0; cpu < 2; ++cpu) {
            root.write_msr(cpu, 0x3a, 5);
            for (std::uint32_t i = 0; i < VMNIX_VMX_MSRS; ++i)
                cpus.near_msrs[{cpu, VMNIX_VMX_MSR_FIRST + i}] = vmnix_unit::kVmxCapabilities[0].msrs[i];
        }
    }

    void install_module(const std::string &end) {
        root.write(module_path, "\x7f"
                                "ELF...." +
                                    digest_of(image_file()) + "...." + end);
    }
    CheckReport check() {
        FakeCpuProbe probe(cpus);
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
    FakeRoot root;
    FakeCpus cpus;
};

} // namespace console::test

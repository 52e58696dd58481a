// SPDX-License-Identifier: GPL-2.0-only
#include "console/selftest/host_facts.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>

#include "console/base/file.hpp"
#include "console/check/msr_file.hpp"
#include "console/check/proc_parsers.hpp"
#include "vmnix/abi/hypercall/hypercall.h"
#include "vmnix/preflight.h"

namespace console {

namespace {

// APM volume 2, appendix A; SDM volume 4: model-specific registers.
constexpr std::uint32_t msr_feature_control = 0x3a;
constexpr std::uint32_t amd_msrs[] = {0xc0000080, 0xc0010010, 0xc0010114}; // EFER, SYSCFG, VM_CR
constexpr std::uint32_t leaf_svm = 0x8000000a, leaf_highest_extended = 0x80000000;

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\n");
    return first == text.npos ? "" : text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

void read_msr(HostFacts &host, const MsrFile &file, std::uint32_t number) {
    if (const auto value = file.read(number))
        host.msrs[number] = *value;
}

void read_msrs(HostFacts &host, const std::filesystem::path &root, CpuProbe &probe) {
    const MsrFile file(root, 0, probe);
    if (!file.is_open()) {
        host.msr_obstacle = fmt::format("{}; load the stock driver msr (modprobe msr)", std::strerror(errno));
        return;
    }
    if (host.vendor == "GenuineIntel") {
        read_msr(host, file, msr_feature_control);
        for (std::uint32_t i = 0; i < VMNIX_VMX_MSRS; ++i)
            read_msr(host, file, VMNIX_VMX_MSR_FIRST + i);
    } else {
        for (const std::uint32_t number : amd_msrs)
            read_msr(host, file, number);
    }
    if (host.msrs.empty())
        host.msr_obstacle = "the kernel does not let them be read, or the CPU has none";
}

} // namespace

std::string cpuinfo_value(std::string_view cpuinfo, std::string_view key) {
    cpuinfo = cpuinfo.substr(0, cpuinfo.find("\n\n"));
    while (!cpuinfo.empty()) {
        const std::string_view line = cpuinfo.substr(0, cpuinfo.find('\n'));
        cpuinfo.remove_prefix(std::min(cpuinfo.size(), line.size() + 1));
        const std::size_t colon = line.find(':');
        if (colon != line.npos && trimmed(line.substr(0, colon)) == key)
            return std::string(trimmed(line.substr(colon + 1)));
    }
    return {};
}

bool has_vmm_signature(CpuProbe &probe) {
    const CpuidLeaf leaf = probe.cpuid(VMNIX_CPUID_BASE);
    return leaf.ebx == VMNIX_CPUID_EBX && leaf.ecx == VMNIX_CPUID_ECX && leaf.edx == VMNIX_CPUID_EDX;
}

HostFacts HostFacts::read(const std::filesystem::path &root, CpuProbe &probe) {
    const auto text_of = [&](const char *path) { return read_file(root.string() + path).value_or(""); };
    const std::string cpuinfo = text_of("/proc/cpuinfo");
    HostFacts host;
    host.linux_release = trimmed(text_of("/proc/sys/kernel/osrelease"));
    host.vendor = cpuinfo_value(cpuinfo, "vendor_id");
    host.model_name = cpuinfo_value(cpuinfo, "model name");
    host.family = cpuinfo_value(cpuinfo, "cpu family");
    host.model = cpuinfo_value(cpuinfo, "model");
    host.stepping = cpuinfo_value(cpuinfo, "stepping");
    host.microcode = cpuinfo_value(cpuinfo, "microcode");
    if (const auto online = parse_cpu_list(text_of("/sys/devices/system/cpu/online")))
        host.cpus = static_cast<unsigned>(online->size());
    host.under_vmm = has_vmm_signature(probe);
    if (host.vendor != "GenuineIntel" && probe.cpuid(leaf_highest_extended).eax >= leaf_svm)
        host.svm = probe.cpuid(leaf_svm);
    read_msrs(host, root, probe);
    return host;
}

Json host_json(const HostFacts &host) {
    Json msrs = Json::object();
    for (const auto &[number, value] : host.msrs)
        msrs[fmt::format("{:#x}", number)] = fmt::format("{:#x}", value);
    return {{"linux", host.linux_release},
            {"vendor", host.vendor},
            {"model_name", host.model_name},
            {"family", host.family},
            {"model", host.model},
            {"stepping", host.stepping},
            {"microcode", host.microcode},
            {"cpus", host.cpus},
            {"under_vmm", host.under_vmm},
            {"svm", fmt::format("{:#x} {:#x} {:#x} {:#x}", host.svm.eax, host.svm.ebx, host.svm.ecx, host.svm.edx)},
            {"msrs", std::move(msrs)},
            {"msr_obstacle", host.msr_obstacle}};
}

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/fact_gatherer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <iterator>

#include "console/base/failure.hpp"
#include "console/base/file.hpp"
#include "console/check/cpuid_facts.hpp"
#include "console/check/msr_file.hpp"
#include "console/check/proc_parsers.hpp"

namespace console {

namespace {

// APM volume 2, appendix A; SDM volume 4: model-specific registers.
constexpr std::uint32_t msr_apic_base = 0x1b;
constexpr std::uint32_t msr_feature_control = 0x3a;
constexpr std::uint32_t msr_s_cet = 0x6a2;
constexpr std::uint32_t msr_xss = 0xda0;
constexpr std::uint32_t msr_efer = 0xc0000080;
constexpr std::uint32_t msr_syscfg = 0xc0010010;
constexpr std::uint32_t msr_vm_cr = 0xc0010114;
constexpr std::uint64_t efer_svme = 1 << 12;

std::string explain_closed_msr(int error) {
    if (error == ENOENT || error == ENXIO)
        return "model-specific registers: for more rows load the stock driver first (modprobe msr)";
    if (error == EACCES)
        return "model-specific registers: for more rows run this as root, with the stock driver msr loaded";
    return fmt::format("model-specific registers: the kernel does not let them be read ({})", std::strerror(error));
}

} // namespace

std::string FactGatherer::text_of(const char *path) const {
    return read_file(root_.string() + path).value_or("");
}

void FactGatherer::list_cpus() {
    vmnix_facts &facts = *result_.facts;
    const auto online = parse_cpu_list(text_of("/sys/devices/system/cpu/online"));
    const auto present = parse_cpu_list(text_of("/sys/devices/system/cpu/present"));
    if (!online || !present || online->empty())
        throw Failure(ExitCode::Failure, "/sys/devices/system/cpu does not tell which CPUs there are",
                      "mount sysfs on /sys");
    facts.cpu_count = static_cast<std::uint32_t>(online->size());
    for (std::size_t i = 0; i < std::min(online->size(), std::size(facts.cpu)); ++i)
        facts.cpu[i].cpu = (*online)[i];
    if (online->size() > std::size(facts.cpu)) // the rows must not look for CPUs that do not fit
        facts.unknown |= VMNIX_UNKNOWN_REGISTERS;
    for (const unsigned cpu : *present)
        if (std::find(online->begin(), online->end(), cpu) == online->end() && !facts.offline_count++)
            facts.first_offline = cpu;
}

void FactGatherer::read_linux() {
    vmnix_facts &facts = *result_.facts;
    facts.command_line_off = has_word(text_of("/proc/cmdline"), "vmnix=off");
    const auto kvm = loaded_kvm(text_of("/proc/modules"));
    facts.kvm_users = kvm ? kvm->users : 0;
    result_.kvm_idle = kvm && kvm->users == 0;
    facts.tsc_khz = probe_.measure_tsc_khz();
}

void FactGatherer::read_memory() {
    vmnix_facts &facts = *result_.facts;
    facts.memory_available = meminfo_bytes(text_of("/proc/meminfo"), "MemAvailable").value_or(0);
    PhysicalMap map = parse_iomem(text_of("/proc/iomem"));
    facts.ioapic_count = map.ioapics;
    facts.highest_ram = map.highest_ram;
    facts.memory_needed = vmnix_memory_needed(facts.cpu_count, facts.highest_ram);
    if (map.ranges.empty()) {
        facts.unknown |= VMNIX_UNKNOWN_MEMORY_MAP;
        result_.unseen.push_back("the memory map: only root may see addresses in /proc/iomem");
        return;
    }
    std::vector<vmnix_memory> memory(VMNIX_MAX_MEMORY);
    const int pieces = vmnix_memmap_build(map.ranges.data(), static_cast<std::uint32_t>(map.ranges.size()),
                                          memory.data(), VMNIX_MAX_MEMORY);
    facts.memory_ranges = pieces < 0 ? VMNIX_MAX_MEMORY + 1 : static_cast<std::uint32_t>(pieces);
}

void FactGatherer::read_registers(vmnix_cpu_facts &cpu) {
    if (has_osxsave(probe_))
        cpu.xcr0 = probe_.xcr0();
    const MsrFile msr(root_, cpu.cpu, probe_);
    if (!msr.is_open()) {
        msr_obstacle_ = explain_closed_msr(errno);
        return;
    }
    cpu.efer = msr.read(msr_efer).value_or(0);
    cpu.apic_base = msr.read(msr_apic_base).value_or(0);
    if (has_xss(probe_))
        cpu.xss = msr.read(msr_xss).value_or(0);
    if (has_cet(probe_))
        cpu.s_cet = msr.read(msr_s_cet).value_or(0);
    if (result_.facts->svm) {
        cpu.vm_cr = msr.read(msr_vm_cr).value_or(0);
        cpu.syscfg = msr.read(msr_syscfg).value_or(0);
    }
    if (result_.facts->vmx)
        read_vmx(msr, cpu);
}

// The first CPU's capabilities, and where others differ from them.
void FactGatherer::read_vmx(const MsrFile &msr, vmnix_cpu_facts &cpu) {
    vmnix_facts &facts = *result_.facts;
    cpu.feature_control = msr.read(msr_feature_control).value_or(0);
    std::uint64_t here[VMNIX_VMX_MSRS];
    for (std::uint32_t i = 0; i < VMNIX_VMX_MSRS; ++i)
        here[i] = msr.read(VMNIX_VMX_MSR_FIRST + i).value_or(0);
    if (&cpu == facts.cpu)
        std::copy(std::begin(here), std::end(here), facts.vmx_msrs);
    const auto differs = std::mismatch(std::begin(here), std::end(here), facts.vmx_msrs).first - here;
    cpu.vmx_differs = differs < VMNIX_VMX_MSRS ? VMNIX_VMX_MSR_FIRST + static_cast<std::uint32_t>(differs) : 0;
}

void FactGatherer::read_cpus() {
    vmnix_facts &facts = *result_.facts;
    std::string unvisited;
    const std::uint32_t count = std::min<std::uint32_t>(facts.cpu_count, VMNIX_MAX_CPUS);
    for (std::uint32_t i = 0; i < count; ++i) {
        // The first is read wherever this runs, so that there are facts at all.
        if (!probe_.visit(facts.cpu[i].cpu))
            unvisited += fmt::format("{}{}", unvisited.empty() ? "" : ", ", facts.cpu[i].cpu);
        read_cpuid_facts(probe_, facts, i == 0);
        read_registers(facts.cpu[i]);
    }
    if (!unvisited.empty())
        result_.unseen.push_back("CPUs that this program may not run on: " + unvisited);
    if (!msr_obstacle_.empty()) {
        facts.unknown |= VMNIX_UNKNOWN_REGISTERS;
        result_.unseen.push_back(msr_obstacle_);
    }
    result_.unseen.push_back("CR4: programs cannot read it; the module does");
}

// KVM of newer kernels keeps SVM enabled while it is merely loaded. The service unloads it then, so that a set
// EFER.SVME stands for nothing.
void FactGatherer::forgive_idle_kvm() {
    if (!result_.kvm_idle)
        return;
    for (vmnix_cpu_facts &cpu : result_.facts->cpu)
        cpu.efer &= ~efer_svme;
}

GatheredFacts FactGatherer::gather() {
    result_ = {};
    result_.facts = std::make_unique<vmnix_facts>();
    list_cpus();
    read_linux();
    read_memory();
    read_cpus();
    forgive_idle_kvm();
    return std::move(result_);
}

} // namespace console

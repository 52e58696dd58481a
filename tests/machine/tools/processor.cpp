// SPDX-License-Identifier: GPL-2.0-only
// What each CPU says of itself.
#include "tests/machine/tools/probe.hpp"
#include "vmnix/abi/hypercall/hypercall.h"

#include <cpuid.h>
#include <fcntl.h>
#include <unistd.h>

namespace probe {

bool read_msr(unsigned cpu, std::uint32_t msr, std::uint64_t &value) {
    char path[64];
    std::snprintf(path, sizeof path, "/dev/cpu/%u/msr", cpu);
    File file(path, O_RDONLY);
    return file && pread(file, &value, sizeof value, msr) == static_cast<ssize_t>(sizeof value);
}

namespace {

constexpr std::uint32_t kEfer = 0xc0000080;
constexpr std::uint64_t kEferSvme = 1ull << 12;

bool vmm_answers_here() {
    std::uint32_t a = 0, b = 0, c = 0, d = 0;
    __cpuid(VMNIX_CPUID_BASE, a, b, c, d);
    return b == VMNIX_CPUID_EBX && c == VMNIX_CPUID_ECX && d == VMNIX_CPUID_EDX;
}

// "under" or "bare": which of the two every online CPU must be.
int signature(Arguments arguments) {
    const bool under = !arguments.empty() && std::string_view(arguments[0]) == "under";
    int result = kAsExpected;
    for (unsigned cpu : online_cpus()) {
        if (!run_on(cpu))
            return kLacking;
        const bool answers = vmm_answers_here();
        std::printf("cpu%u %s\n", cpu, answers ? "under" : "bare");
        if (answers != under)
            result = kNotAsExpected;
    }
    return result;
}

// EFER.SVME of every CPU is clear: the machine is Linux's again, and kvm may have it.
int svme_clear(Arguments) {
    int result = kAsExpected;
    for (unsigned cpu : online_cpus()) {
        std::uint64_t efer = 0;
        if (!read_msr(cpu, kEfer, efer))
            return kLacking;
        std::printf("cpu%u efer %#lx\n", cpu, efer);
        if (efer & kEferSvme)
            result = kNotAsExpected;
    }
    return result;
}

// rdmsr CPU MSR
int rdmsr(Arguments arguments) {
    std::uint64_t value = 0;
    if (!read_msr(static_cast<unsigned>(number(arguments, 0, 0)), static_cast<std::uint32_t>(number(arguments, 1, 0)),
                  value))
        return kLacking;
    std::printf("%#lx\n", value);
    return kAsExpected;
}

// cpuid LEAF [SUBLEAF]
int cpuid(Arguments arguments) {
    std::uint32_t a = 0, b = 0, c = 0, d = 0;
    __cpuid_count(number(arguments, 0, 0), number(arguments, 1, 0), a, b, c, d);
    std::printf("%08x %08x %08x %08x\n", a, b, c, d);
    return kAsExpected;
}

constexpr Command kCommands[] = {
    {"signature", "under|bare: every online CPU runs so", signature},
    {"svme-clear", "EFER.SVME is clear on every online CPU", svme_clear},
    {"rdmsr", "CPU MSR", rdmsr},
    {"cpuid", "LEAF [SUBLEAF]", cpuid},
};

} // namespace

std::span<const Command> processor_commands() {
    return kCommands;
}

} // namespace probe

// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/real_cpu_probe.hpp"

#include <chrono>
#include <cpuid.h>
#include <thread>
#include <unistd.h>
#include <x86intrin.h>

namespace console {

RealCpuProbe::RealCpuProbe() : saved_(::sched_getaffinity(0, sizeof before_, &before_) == 0) {}

RealCpuProbe::~RealCpuProbe() {
    if (saved_)
        ::sched_setaffinity(0, sizeof before_, &before_);
}

bool RealCpuProbe::visit(unsigned cpu) {
    if (cpu >= CPU_SETSIZE)
        return false;
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(cpu, &only);
    return ::sched_setaffinity(0, sizeof only, &only) == 0;
}

CpuidLeaf RealCpuProbe::cpuid(std::uint32_t leaf, std::uint32_t subleaf) {
    CpuidLeaf result;
    __cpuid_count(leaf, subleaf, result.eax, result.ebx, result.ecx, result.edx);
    return result;
}

std::uint64_t RealCpuProbe::xcr0() {
    std::uint32_t low, high;
    // The mnemonic instead of the intrinsic: that one wants this file compiled for CPUs with XSAVE only.
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return std::uint64_t{high} << 32 | low;
}

std::uint64_t RealCpuProbe::measure_tsc_khz() {
    using Clock = std::chrono::steady_clock;
    const auto began = Clock::now();
    const std::uint64_t first = __rdtsc();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const std::uint64_t ticks = __rdtsc() - first;
    const double milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - began).count();
    return static_cast<std::uint64_t>(static_cast<double>(ticks) / milliseconds);
}

std::optional<std::uint64_t> RealCpuProbe::msr(int file, std::uint32_t number) {
    std::uint64_t value = 0;
    return ::pread(file, &value, sizeof value, number) == sizeof value ? std::optional(value) : std::nullopt;
}

} // namespace console

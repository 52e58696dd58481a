// SPDX-License-Identifier: GPL-2.0-only
#include "timer.hpp"

std::uint32_t acpi_timer() {
    return x86::in<std::uint32_t>(0x608);
}

std::uint64_t tsc_per_second() {
    static std::uint64_t known = 0;
    if (known != 0)
        return known;
    constexpr std::uint32_t kTicks = kAcpiTimerHz / 100;
    const std::uint32_t begin = acpi_timer();
    const std::uint64_t tsc = x86::rdtsc();
    std::uint32_t passed;
    while ((passed = (acpi_timer() - begin) & 0xffffff) < kTicks)
        x86::pause();
    return known = (x86::rdtsc() - tsc) * kAcpiTimerHz / passed;
}

void wait_microseconds(unsigned microseconds) {
    const std::uint64_t end = x86::rdtsc() + tsc_per_second() * microseconds / 1000000;
    while (x86::rdtsc() < end)
        x86::pause();
}

bool has_deadline_timer() {
    return x86::cpuid(1).ecx >> 24 & 1;
}

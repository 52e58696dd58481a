// SPDX-License-Identifier: GPL-2.0-only
// Time: the TSC, and how fast it is by ACPI's timer.
#pragma once

#include "x86.hpp"

inline constexpr std::uint64_t kAcpiTimerHz = 3579545;

std::uint32_t acpi_timer();
std::uint64_t tsc_per_second(); // measured at the first call, which takes 20 ms
inline std::uint64_t tsc_per_millisecond() {
    return tsc_per_second() / 1000;
}
void wait_microseconds(unsigned microseconds);

// By CPUID 1: the local APIC's timer has the mode.
bool has_deadline_timer();

// SPDX-License-Identifier: GPL-2.0-only
#include "timer.hpp"

std::uint32_t acpi_timer() {
    return x86::in<std::uint32_t>(0x608);
}

namespace {

struct Moment {
    std::uint32_t ticks;
    std::uint64_t tsc;
};

// Both clocks at once: of some tries the one that took the least, as others may have a turn in between.
Moment this_moment() {
    Moment best{};
    std::uint64_t least = ~std::uint64_t{0};
    for (unsigned tries = 0; tries < 8; tries++) {
        const std::uint64_t before = x86::rdtsc();
        const std::uint32_t ticks = acpi_timer();
        const std::uint64_t took = x86::rdtsc() - before;
        if (took < least) {
            least = took;
            best = {ticks, before + took / 2};
        }
    }
    return best;
}

} // namespace

std::uint64_t tsc_per_second() {
    static std::uint64_t known = 0;
    if (known != 0)
        return known;
    constexpr std::uint32_t kTicks = kAcpiTimerHz / 50;
    const Moment begin = this_moment();
    while (((acpi_timer() - begin.ticks) & 0xffffff) < kTicks)
        x86::pause();
    const Moment end = this_moment();
    return known = (end.tsc - begin.tsc) * kAcpiTimerHz / ((end.ticks - begin.ticks) & 0xffffff);
}

void wait_microseconds(unsigned microseconds) {
    const std::uint64_t end = x86::rdtsc() + tsc_per_second() * microseconds / 1000000;
    while (x86::rdtsc() < end)
        x86::pause();
}

bool has_deadline_timer() {
    return x86::cpuid(1).ecx >> 24 & 1;
}

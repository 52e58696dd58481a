// SPDX-License-Identifier: GPL-2.0-only
#include "console/top/rates.hpp"

#include <algorithm>

#include "console/device/exit_counts.hpp"
#include "console/text/units.hpp"

namespace console {

namespace {

// A counter that went back belongs to another launch: everything it shows is new.
std::uint64_t growth(std::uint64_t before, std::uint64_t after) {
    return after >= before ? after - before : after;
}

double per_second(std::uint64_t before, std::uint64_t after, double seconds) {
    return static_cast<double>(growth(before, after)) / seconds;
}

CpuRates rates_of(const Sample::Cpu &cpu, const vmnix_cpu_stats &before, double seconds, std::uint64_t tsc_khz) {
    const vmnix_cpu_stats &after = cpu.stats;
    CpuRates rates;
    rates.vcpu = cpu.vcpu;
    rates.apic_id = after.apic_id;
    rates.state = after.state;
    if (!(seconds > 0))
        return rates;
    const ExitCounts old_counts = exit_counts(before), new_counts = exit_counts(after);
    for (std::size_t kind = 0; kind < new_counts.size(); ++kind) {
        rates.exits[kind] = per_second(old_counts[kind], new_counts[kind], seconds);
        rates.total += rates.exits[kind];
    }
    rates.injected_interrupts = per_second(before.injected_interrupts, after.injected_interrupts, seconds);
    rates.timer_fired = per_second(before.timer_fired, after.timer_fired, seconds);
    rates.vmm_share = seconds_of(growth(before.vmm_tsc, after.vmm_tsc), tsc_khz) / seconds;
    return rates;
}

void add(CpuRates &sum, const CpuRates &rates) {
    for (std::size_t kind = 0; kind < sum.exits.size(); ++kind)
        sum.exits[kind] += rates.exits[kind];
    sum.total += rates.total;
    sum.injected_interrupts += rates.injected_interrupts;
    sum.timer_fired += rates.timer_fired;
    sum.vmm_share += rates.vmm_share;
}

} // namespace

Rates Rates::between(const Sample &before, const Sample &after, std::uint64_t tsc_khz) {
    Rates rates;
    for (const Sample::Cpu &cpu : after.cpus) {
        const auto same = [&](const Sample::Cpu &other) { return other.vcpu == cpu.vcpu; };
        const auto old = std::find_if(before.cpus.begin(), before.cpus.end(), same);
        if (old == before.cpus.end())
            continue; // seen for the first time: there is no "since"
        const double seconds = seconds_of(growth(old->stats.tsc, cpu.stats.tsc), tsc_khz);
        rates.seconds = std::max(rates.seconds, seconds);
        rates.cpus.push_back(rates_of(cpu, old->stats, seconds, tsc_khz));
        add(rates.total, rates.cpus.back());
    }
    if (!rates.cpus.empty())
        rates.total.vmm_share /= static_cast<double>(rates.cpus.size());
    return rates;
}

} // namespace console

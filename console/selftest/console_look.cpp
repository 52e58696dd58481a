// SPDX-License-Identifier: GPL-2.0-only
#include "console/selftest/console_look.hpp"

#include <fmt/format.h>
#include <numeric>

#include "console/base/failure.hpp"
#include "console/device/exit_counts.hpp"
#include "console/selftest/host_facts.hpp"
#include "console/selftest/timers.hpp"
#include "console/status/status_report.hpp"
#include "console/text/units.hpp"

namespace console {

namespace {

constexpr double clocks_differ = 0.01; // the VMM takes the frequency from Linux

std::uint64_t sum_of(const vmnix_cpu_stats &stats) {
    const ExitCounts counts = exit_counts(stats);
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

// CPUID leaves the guest on every CPU, so that each must have counted more afterwards. True: all were visited.
bool run_cpuid_on_each(CpuProbe &probe, const std::vector<unsigned> &cpus) {
    bool all = true;
    for (const unsigned cpu : cpus) {
        if (!probe.visit(cpu))
            all = false;
        else if (!has_vmm_signature(probe))
            throw Failure(ExitCode::Failure, fmt::format("CPU {} does not run under the VMM", cpu));
    }
    return all;
}

void expect_growth(const Sample &before, const Sample &after) {
    for (std::size_t i = 0; i < before.cpus.size() && i < after.cpus.size(); ++i)
        if (before.cpus[i].stats.state == VMNIX_VCPU_RUNNING &&
            sum_of(after.cpus[i].stats) <= sum_of(before.cpus[i].stats))
            throw Failure(ExitCode::Failure,
                          fmt::format("vCPU {} ran CPUID, and the VMM counted no exit of it", before.cpus[i].vcpu));
}

// A second by the monotonic clock, the wall clock and the VMM's TSC. The monotonic clock brackets the TSC, so that a
// busy machine widens the bounds and fails nothing; the wall clock may be set meanwhile, so it is only reported.
void measure_second(Environment &environment, VmmDevice &device, std::uint64_t tsc_khz, Json &clock) {
    const auto tsc = [&] { return device.stats(0).value_or(vmnix_cpu_stats{}).tsc; };
    const double wall = environment.wall_clock(), outer = environment.monotonic();
    const std::uint64_t first = tsc();
    const double inner = environment.monotonic();
    const double slept = measured_sleep(environment, 1);
    const double shortest = environment.monotonic() - inner;
    const double by_tsc = seconds_of(tsc() - first, tsc_khz);
    const double longest = environment.monotonic() - outer;
    clock = {{"slept_seconds", slept},
             {"monotonic_seconds", longest},
             {"wall_seconds", environment.wall_clock() - wall},
             {"tsc_seconds", by_tsc}};
    if (tsc_khz != 0 && (by_tsc < shortest * (1 - clocks_differ) || by_tsc > longest * (1 + clocks_differ)))
        throw Failure(ExitCode::Failure,
                      fmt::format("{} by Linux' clock were {} by the VMM's", duration(longest), duration(by_tsc)));
}

} // namespace

std::string look_at_console(Environment &environment, Json &clock) {
    const auto device = environment.open_device();
    const auto probe = environment.cpu_probe();
    const StatusReport before = StatusReport::read_from(*device);
    const std::vector<unsigned> cpus = online_cpus(environment.root);
    if (before.sample.cpus.size() != before.info.cpu_count)
        throw Failure(ExitCode::Failure, fmt::format("of {} CPUs the VMM tells counters of {}", before.info.cpu_count,
                                                     before.sample.cpus.size()));
    const bool all = run_cpuid_on_each(*probe, cpus);
    if (all)
        expect_growth(before.sample, Sample::read_from(*device, before.info.cpu_count));
    sleep_on_each(environment, *probe, cpus);
    measure_second(environment, *device, before.info.tsc_khz, clock);
    return fmt::format("{} CPUs under {}, a second took {}{}", cpus.size(), before.version(),
                       duration(clock["slept_seconds"].get<double>()), all ? "" : "; not all CPUs could be visited");
}

} // namespace console

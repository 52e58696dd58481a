// SPDX-License-Identifier: GPL-2.0-only
#include "console/selftest/timers.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "console/base/failure.hpp"
#include "console/base/file.hpp"
#include "console/check/proc_parsers.hpp"
#include "console/text/units.hpp"

namespace console {

namespace {

constexpr double early = 0.001; // seconds, for rounding between clocks
constexpr double late = 0.25;   // a loaded machine is as late as that, a lost interrupt by more
constexpr unsigned tries = 3;
constexpr double short_sleep = 0.02;

} // namespace

std::vector<unsigned> online_cpus(const std::filesystem::path &root) {
    const std::string text = read_file(root.string() + "/sys/devices/system/cpu/online").value_or("");
    return parse_cpu_list(text).value_or(std::vector<unsigned>{});
}

double measured_sleep(Environment &environment, double seconds) {
    double best = 0;
    for (unsigned i = 0; i < tries; ++i) {
        const double before = environment.monotonic();
        environment.sleep(seconds);
        const double took = environment.monotonic() - before;
        if (took < seconds - early)
            throw Failure(ExitCode::Failure,
                          fmt::format("a timer of {} came after {}", duration(seconds), duration(took)));
        best = i == 0 ? took : std::min(best, took);
        if (best <= seconds + late)
            return best;
    }
    throw Failure(ExitCode::Failure,
                  fmt::format("a timer of {} took {} at best of {} times", duration(seconds), duration(best), tries));
}

void sleep_on_each(Environment &environment, CpuProbe &probe, const std::vector<unsigned> &cpus) {
    for (const unsigned cpu : cpus) {
        if (!probe.visit(cpu))
            continue;
        try {
            measured_sleep(environment, short_sleep);
        } catch (const Failure &failure) {
            throw Failure(failure.code(), fmt::format("CPU {}: {}", cpu, failure.cause()));
        }
    }
}

} // namespace console

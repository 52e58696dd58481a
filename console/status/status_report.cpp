// SPDX-License-Identifier: GPL-2.0-only
#include "console/status/status_report.hpp"

#include <algorithm>
#include <cstring>

#include "console/device/exit_counts.hpp"
#include "console/text/units.hpp"

namespace console {

StatusReport StatusReport::read_from(VmmDevice &device) {
    const vmnix_info info = device.info();
    StatusReport report{info, device.launch(), Sample::read_from(device, info.cpu_count), std::nullopt, std::nullopt};
    if (info.features & VMNIX_FEATURE_VMS)
        report.memory = device.memory();
    if (info.features & VMNIX_FEATURE_RESTART)
        report.console = device.console_info();
    return report;
}

std::uint64_t StatusReport::exits() const {
    std::uint64_t sum = 0;
    for (const Sample::Cpu &cpu : sample.cpus)
        for (const std::uint64_t count : exit_counts(cpu.stats))
            sum += count;
    return sum;
}

double StatusReport::uptime_seconds() const {
    std::uint64_t now = 0;
    for (const Sample::Cpu &cpu : sample.cpus)
        now = std::max(now, cpu.stats.tsc);
    return now > info.launched_tsc ? seconds_of(now - info.launched_tsc, info.tsc_khz) : 0;
}

double StatusReport::exits_per_second() const {
    const double seconds = uptime_seconds();
    return seconds > 0 ? static_cast<double>(exits()) / seconds : 0;
}

double StatusReport::vmm_share() const {
    double busy = 0;
    for (const Sample::Cpu &cpu : sample.cpus)
        busy += seconds_of(cpu.stats.vmm_tsc, info.tsc_khz);
    const double all = uptime_seconds() * static_cast<double>(sample.cpus.size());
    return all > 0 ? busy / all : 0;
}

std::string_view StatusReport::version() const {
    return {info.version, strnlen(info.version, sizeof info.version)};
}

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#include "console/status/status_text.hpp"

#include <fmt/format.h>
#include <map>

#include "console/device/names.hpp"
#include "console/service_console/console_report.hpp"
#include "console/text/sheet.hpp"
#include "console/text/units.hpp"

namespace console {

namespace {

std::string state_line(const StatusReport &report) {
    const double uptime = report.uptime_seconds();
    return uptime > 0 ? fmt::format("running for {}; this Linux is its service console", duration(uptime))
                      : "running; this Linux is its service console";
}

std::string version_line(const StatusReport &report) {
    const std::string build = hex_bytes(report.info.build_id);
    return fmt::format("{}, build {}, hypercall ABI {}", report.version(), build, report.info.hypercall_abi);
}

std::string cpus_line(const StatusReport &report) {
    std::map<std::string_view, unsigned> states;
    for (const Sample::Cpu &cpu : report.sample.cpus)
        ++states[vcpu_state_name(cpu.stats.state)];
    std::string list;
    for (const auto &[state, count] : states)
        list += fmt::format("{}{} {}", list.empty() ? "" : ", ", count, state);
    return list.empty() ? fmt::format("{}", report.info.cpu_count)
                        : fmt::format("{} ({})", report.info.cpu_count, list);
}

std::string memory_line(const vmnix_info &info) {
    const double share = info.arena_size ? 100.0 * double(info.arena_used) / double(info.arena_size) : 0;
    return fmt::format("{} held at {:#x}, {} of it used ({:.0f}%)", byte_size(info.arena_size), info.arena_base,
                       byte_size(info.arena_used), share);
}

std::string vm_memory_line(const vmnix_memory_info &memory) {
    if (memory.given == memory.package && memory.vms == 0)
        return "nothing given by Linux, as there is no VM";
    const std::string package = memory.package ? fmt::format(", {} package", byte_size(memory.package)) : "";
    return fmt::format(
        "{} given by Linux for {}: {} RAM, {} tables and devices ({} of all such used), {} free, {} to be "
        "cleared{}",
        byte_size(memory.given), memory.vms == 1 ? "one VM" : fmt::format("{} VMs", memory.vms), byte_size(memory.ram),
        byte_size(memory.frames), byte_size(memory.frames_used), byte_size(memory.free), byte_size(memory.dirty),
        package);
}

std::string ticks(std::uint64_t count, std::uint64_t tsc_khz) {
    if (tsc_khz == 0)
        return fmt::format("{} ticks", grouped(count));
    return fmt::format("{} ({} ticks)", duration(seconds_of(count, tsc_khz)), grouped(count));
}

std::string launch_line(const StatusReport &report) {
    const vmnix_launch_record &launch = report.launch;
    return fmt::format("stopped {} for {}, after {} of preparation beside running Linux; memory after {} {}",
                       launch.cpus == 1 ? "one CPU" : fmt::format("{} CPUs", launch.cpus),
                       ticks(launch.stopped_tsc, report.info.tsc_khz), ticks(launch.init_tsc, report.info.tsc_khz),
                       launch.reserve_tries, launch.reserve_tries == 1 ? "try" : "tries");
}

std::string exits_line(const StatusReport &report) {
    std::string text = fmt::format("{} since the launch, {} per second on average", grouped(report.exits()),
                                   rate(report.exits_per_second()));
    if (report.vmm_share() > 0)
        text += fmt::format(", {:.2f}% of CPU time in the VMM", 100 * report.vmm_share());
    return text + " (now: vmnix top)";
}

std::string log_line(const vmnix_info &info) {
    if (info.log_head <= info.log_size)
        return fmt::format("{} (vmnix dmesg)", byte_size(info.log_head));
    return fmt::format("the last {} of {} (vmnix dmesg)", byte_size(info.log_size), byte_size(info.log_head));
}

} // namespace

std::string status_text(const StatusReport &report, const Style &style, unsigned width) {
    const vmnix_info &info = report.info;
    Sheet sheet;
    sheet.add("state", state_line(report), Tone::Good);
    sheet.add("version", version_line(report));
    if (info.features & VMNIX_FEATURE_TEST)
        sheet.add("test build", "its test hypercalls can stop the machine: not for use", Tone::Bad);
    sheet.add("backend", std::string(backend_name(info.backend)));
    sheet.add("CPUs", cpus_line(report));
    sheet.add("memory", memory_line(info));
    if (report.memory)
        sheet.add("for VMs", vm_memory_line(*report.memory));
    if (report.console) {
        sheet.add("console", generation_line(*report.console));
        sheet.add("package", package_line(*report.console));
    }
    sheet.add("launch", launch_line(report));
    sheet.add("interrupts", info.x2apic ? "x2APIC" : "xAPIC");
    sheet.add("nested paging", fmt::format("{} levels", info.paging_levels));
    sheet.add("isolation", fmt::format("{}: {}", isolation_key(info.isolation), isolation_meaning(info.isolation)),
              info.isolation == VMNIX_ISOLATION_OWNED ? Tone::Plain : Tone::Doubt);
    sheet.add("exits", exits_line(report));
    sheet.add("log", log_line(info));
    sheet.add("silicon", std::string(silicon_note), Tone::Doubt);
    return sheet.render(style, width);
}

} // namespace console

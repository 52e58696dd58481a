// SPDX-License-Identifier: GPL-2.0-only
#include "console/status/status_json.hpp"

#include <algorithm>

#include "console/device/exit_counts.hpp"
#include "console/device/names.hpp"
#include "console/service_console/console_report.hpp"
#include "console/text/units.hpp"

namespace console {

namespace {

Json cpu_json(const Sample::Cpu &cpu) {
    return {
        {"vcpu", cpu.vcpu},
        {"apic_id", cpu.stats.apic_id},
        {"state", vcpu_state_key(cpu.stats.state)},
        {"exits", exits_json(cpu.stats)},
        {"injected_interrupts", cpu.stats.injected_interrupts},
        {"injected_nmis", cpu.stats.injected_nmis},
        {"ipis_sent", cpu.stats.ipis_sent},
        {"timer_fired", cpu.stats.timer_fired},
        {"vmm_ticks", cpu.stats.vmm_tsc},
    };
}

Json launch_json(const vmnix_launch_record &launch, std::uint64_t tsc_khz) {
    return {
        {"cpus", launch.cpus},
        {"stopped_ticks", launch.stopped_tsc},
        {"stopped_seconds", seconds_of(launch.stopped_tsc, tsc_khz)},
        {"prepare_ticks", launch.init_tsc},
        {"prepare_seconds", seconds_of(launch.init_tsc, tsc_khz)},
        {"memory_tries", launch.reserve_tries},
    };
}

Json memory_json(const StatusReport &report) {
    const vmnix_info &info = report.info;
    Json json{{"base", info.arena_base}, {"held_bytes", info.arena_size}, {"used_bytes", info.arena_used}};
    if (!report.memory)
        return json;
    const vmnix_memory_info &memory = *report.memory;
    json["given_bytes"] = memory.given;
    json["frames_bytes"] = memory.frames;
    json["frames_used_bytes"] = memory.frames_used;
    json["vm_ram_bytes"] = memory.ram;
    json["free_bytes"] = memory.free;
    json["dirty_bytes"] = memory.dirty;
    json["package_bytes"] = memory.package;
    json["total_bytes"] = info.arena_size + memory.given;
    json["vms"] = memory.vms;
    return json;
}

} // namespace

Json exits_json(const vmnix_cpu_stats &stats) {
    Json exits = Json::object();
    const ExitCounts counts = exit_counts(stats);
    for (std::uint32_t kind = 0; kind < counts.size(); ++kind)
        exits[std::string(exit_name(kind).key)] = counts[kind];
    return exits;
}

Json status_json(const StatusReport &report) {
    const vmnix_info &info = report.info;
    Json cpus = Json::array();
    std::transform(report.sample.cpus.begin(), report.sample.cpus.end(), std::back_inserter(cpus), cpu_json);
    Json json{
        {"state", "running"},
        {"uptime_seconds", report.uptime_seconds()},
        {"version", report.version()},
        {"build_id", hex_bytes(info.build_id)},
        {"hypercall_abi", info.hypercall_abi},
        {"features",
         {{"log", (info.features & VMNIX_FEATURE_LOG) != 0},
          {"event", (info.features & VMNIX_FEATURE_EVENT) != 0},
          {"vms", (info.features & VMNIX_FEATURE_VMS) != 0},
          {"restart", (info.features & VMNIX_FEATURE_RESTART) != 0},
          {"test", (info.features & VMNIX_FEATURE_TEST) != 0}}},
        {"backend", backend_key(info.backend)},
        {"tsc_khz", info.tsc_khz},
        {"memory", memory_json(report)},
        {"launch", launch_json(report.launch, info.tsc_khz)},
        {"interrupt_mode", info.x2apic ? "x2apic" : "xapic"},
        {"nested_paging_levels", info.paging_levels},
        {"isolation", {{"level", isolation_key(info.isolation)}, {"meaning", isolation_meaning(info.isolation)}}},
        {"exits", report.exits()},
        {"exits_per_second", report.exits_per_second()},
        {"vmm_share", report.vmm_share()},
        {"log", {{"written_bytes", info.log_head}, {"kept_bytes", info.log_size}}},
        {"silicon", {{"tested", false}, {"untested_mask", info.silicon}, {"note", silicon_note}}},
        {"cpu_count", info.cpu_count},
        {"cpus", std::move(cpus)},
    };
    if (report.console)
        json["service_console"] = console_json(*report.console, info.tsc_khz);
    return json;
}

Json failure_json(const Failure &failure) {
    const bool not_loaded = failure.code() == ExitCode::NotRunning;
    return {
        {"state", not_loaded ? "not loaded" : "unknown"},
        {"error", failure.cause()},
        {"remedy", failure.remedy()},
        {"exit_code", static_cast<int>(failure.code())},
    };
}

} // namespace console

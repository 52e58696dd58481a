// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/record/vm_record.hpp"

#include <cmath>
#include <cstring>
#include <ctime>
#include <fmt/format.h>

#include "console/device/names.hpp"
#include "console/dmesg/log_text.hpp"
#include "console/text/units.hpp"
#include "console/vm/options/uuid.hpp"

namespace console {

namespace {

template <std::size_t N> std::string text_of(const char (&field)[N]) {
    return printable({field, strnlen(field, N)});
}

std::string formatted(const char *format, const std::tm &time) {
    char text[64];
    return {text, std::strftime(text, sizeof text, format, &time)};
}

Json time_json(const std::optional<double> &seconds) {
    return seconds ? Json(utc_time_text(*seconds)) : Json(nullptr);
}

} // namespace

std::string VmRecord::name() const {
    return text_of(info_.name);
}

std::string VmRecord::reason() const {
    return text_of(info_.reason);
}

bool VmRecord::active() const {
    return info_.state == VMNIX_VM_STATE_RUNNING || info_.state == VMNIX_VM_STATE_PAUSED;
}

double VmRecord::uptime_seconds() const {
    const std::uint64_t end = info_.ended_tsc ? info_.ended_tsc : info_.tsc;
    if (info_.started_tsc == 0 || end < info_.started_tsc)
        return 0;
    return seconds_of(end - info_.started_tsc, clock_.tsc_khz);
}

double VmRecord::cpu_share() const {
    const double uptime = uptime_seconds();
    return uptime > 0 ? seconds_of(info_.run_tsc, clock_.tsc_khz) / uptime : 0;
}

double VmRecord::seconds_since(std::uint64_t tsc) const {
    return info_.tsc > tsc ? seconds_of(info_.tsc - tsc, clock_.tsc_khz) : 0;
}

std::optional<double> VmRecord::wall_time(std::uint64_t tsc) const {
    if (tsc == 0 || clock_.tsc_khz == 0)
        return std::nullopt;
    return clock_.now - seconds_since(tsc);
}

std::string VmRecord::ending_text() const {
    std::string text{vm_ending_name(info_.ending)};
    if (const std::string why = reason(); info_.ending == VMNIX_VM_CRASHED && !why.empty())
        text += ": " + why;
    return text;
}

std::string VmRecord::ended_when() const {
    const auto wall = wall_time(info_.ended_tsc);
    if (!wall)
        return "at an unknown time";
    return fmt::format("{} ({} ago)", local_time_text(*wall), duration(seconds_since(info_.ended_tsc)));
}

std::string local_time_text(double seconds) {
    const auto whole = static_cast<std::time_t>(std::floor(seconds));
    std::tm time{};
    ::localtime_r(&whole, &time);
    return formatted("%Y-%m-%d %H:%M:%S", time);
}

std::string utc_time_text(double seconds) {
    const auto whole = static_cast<std::time_t>(std::floor(seconds));
    std::tm time{};
    ::gmtime_r(&whole, &time);
    return formatted("%Y-%m-%dT%H:%M:%SZ", time);
}

Json vm_json(const VmRecord &vm) {
    const vmnix_vm_info &info = vm.info();
    Json json{
        {"id", info.id},
        {"name", vm.name()},
        {"uuid", uuid_text(info.uuid)},
        {"state", vm_state_name(info.state)},
        {"vcpus", info.vcpus},
        {"memory_bytes", info.memory},
        {"uptime_seconds", vm.uptime_seconds()},
        {"cpu_share", vm.cpu_share()},
        {"created", time_json(vm.wall_time(info.created_tsc))},
        {"started", time_json(vm.wall_time(info.started_tsc))},
    };
    if (vm.ended()) {
        json["ended"] = time_json(vm.wall_time(info.ended_tsc));
        json["ending"] = vm_ending_key(info.ending);
        json["reason"] = vm.reason();
    }
    return json;
}

} // namespace console

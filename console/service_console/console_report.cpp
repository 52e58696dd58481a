// SPDX-License-Identifier: GPL-2.0-only
#include "console/service_console/console_report.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "console/device/names.hpp"
#include "console/service_console/policy.hpp"
#include "console/text/sheet.hpp"
#include "console/text/units.hpp"

namespace console {

namespace {

constexpr std::uint32_t no_limit = ~std::uint32_t{0};

template <std::size_t size> std::string_view text_of(const char (&text)[size]) {
    return {text, strnlen(text, size)};
}

std::string last_end(const vmnix_console_info &info) {
    const std::string_view said = text_of(info.last_text);
    return fmt::format("{}{}{}", console_end_name(info.last_end), said.empty() ? "" : ": ", said);
}

double gap_seconds(const vmnix_console_info &info, std::uint64_t tsc_khz) {
    return info.started_tsc > info.ended_tsc ? seconds_of(info.started_tsc - info.ended_tsc, tsc_khz) : 0;
}

} // namespace

std::string generation_line(const vmnix_console_info &info) {
    if (info.generation == 0)
        return "the one that launched the VMM";
    return fmt::format("restart {}; the one before ended: {}", info.generation, last_end(info));
}

std::string package_line(const vmnix_console_info &info) {
    if (info.package_bytes == 0)
        return "none: a service console that ends is not restarted (vmnix service-console set)";
    return fmt::format("{} held; {}", byte_size(info.package_bytes), text_of(info.package_text));
}

std::string console_text(const vmnix_console_info &info, std::uint64_t tsc_khz, const Style &style, unsigned width) {
    const vmnix_console_policy &policy = info.policy;
    Sheet sheet;
    sheet.add("state", std::string(console_state_name(info.state)), Tone::Good);
    sheet.add("console", generation_line(info));
    if (info.generation != 0)
        sheet.add("came back", fmt::format("{} after that end", duration(gap_seconds(info, tsc_khz))));
    sheet.add("package", package_line(info), info.package_bytes == 0 ? Tone::Doubt : Tone::Plain);
    sheet.add("on crash", std::string(console_action_name(policy.on_crash)));
    sheet.add("limit", limit_text(policy));
    if (info.restarts_left != no_limit)
        sheet.add("left", fmt::format("{} now", info.restarts_left), info.restarts_left ? Tone::Plain : Tone::Bad);
    sheet.add("watchdog", watchdog_text(policy));
    sheet.add("heartbeat", info.beat_ms == 0 ? "none" : fmt::format("due within {}", duration(info.beat_ms / 1000.0)));
    sheet.add("messages",
              fmt::format("{} kept (vmnix service-console log)", byte_size(std::min(info.log_head, info.log_size))));
    return sheet.render(style, width);
}

Json console_json(const vmnix_console_info &info, std::uint64_t tsc_khz) {
    const vmnix_console_policy &policy = info.policy;
    Json json{{"state", console_state_name(info.state)},
              {"generation", info.generation},
              {"last_end", console_end_key(info.last_end)},
              {"last_text", text_of(info.last_text)},
              {"ended_ticks", info.ended_tsc},
              {"started_ticks", info.started_tsc},
              {"came_back_seconds", gap_seconds(info, tsc_khz)},
              {"package_bytes", info.package_bytes},
              {"package_text", text_of(info.package_text)},
              {"policy",
               {{"on_crash", console_action_name(policy.on_crash)},
                {"limit", policy.limit},
                {"limit_seconds", policy.limit_seconds},
                {"on_limit", console_action_name(policy.on_limit)},
                {"watchdog_seconds", policy.watchdog_ms / 1000.0}}},
              {"restarts_left", nullptr},
              {"heartbeat_seconds", info.beat_ms / 1000.0},
              {"log", {{"written_bytes", info.log_head}, {"kept_bytes", info.log_size}}}};
    if (info.restarts_left != no_limit)
        json["restarts_left"] = info.restarts_left;
    return json;
}

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#include "console/service_console/policy.hpp"

#include <cmath>
#include <fmt/format.h>

#include "console/base/failure.hpp"
#include "console/device/names.hpp"
#include "console/text/units.hpp"
#include "console/vm/options/bad_value.hpp"
#include "console/vm/options/values.hpp"

namespace console {

namespace {

constexpr std::uint32_t day = 86400;
constexpr double watchdog_least = 1, watchdog_most = 600; // seconds

std::uint32_t action_of(const std::string &text, const char *option) {
    for (const std::uint32_t action : {VMNIX_ACTION_RESTART, VMNIX_ACTION_HOLD, VMNIX_ACTION_RESET_HOST})
        if (text == console_action_name(action) &&
            (action != VMNIX_ACTION_RESTART || std::string_view(option) == "--on-crash"))
            return action;
    const char *known = std::string_view(option) == "--on-crash" ? "restart, hold, reset-host" : "hold, reset-host";
    throw Failure(ExitCode::Usage, fmt::format("{}: '{}' is none of {}", option, text, known));
}

// "5/10m": so many within this time; "off".
void set_limit(vmnix_console_policy &policy, const std::string &text) {
    if (text == "off") {
        policy.limit = 0;
        policy.limit_seconds = day;
        return;
    }
    const std::size_t slash = text.find('/');
    if (slash == text.npos)
        throw BadValue(fmt::format("'{}' is neither a number of restarts and a time, as 5/10m, nor off", text));
    const double seconds = parse_duration(text.substr(slash + 1));
    if (seconds < 1 || seconds > day)
        throw BadValue(fmt::format("'{}' is not a time between 1s and 24h", text.substr(slash + 1)));
    policy.limit = static_cast<std::uint32_t>(parse_number(text.substr(0, slash), "number of restarts", 1, 1000));
    policy.limit_seconds = static_cast<std::uint32_t>(std::lround(seconds));
}

void set_watchdog(vmnix_console_policy &policy, const std::string &text) {
    const double seconds = text == "off" ? 0 : parse_duration(text);
    if (text != "off" && (seconds < watchdog_least || seconds > watchdog_most))
        throw BadValue(fmt::format("'{}' is neither off nor a time between 1s and 10m", text));
    policy.watchdog_ms = static_cast<std::uint32_t>(std::lround(seconds * 1000));
}

} // namespace

vmnix_console_policy changed_policy(vmnix_console_policy policy, const ServiceConsoleOptions &options) {
    const char *option = "--limit";
    try {
        if (options.limit)
            set_limit(policy, *options.limit);
        option = "--watchdog";
        if (options.watchdog)
            set_watchdog(policy, *options.watchdog);
    } catch (const BadValue &bad) {
        throw Failure(ExitCode::Usage, fmt::format("{}: {}", option, bad.what()));
    }
    if (options.on_crash)
        policy.on_crash = action_of(*options.on_crash, "--on-crash");
    if (options.on_limit)
        policy.on_limit = action_of(*options.on_limit, "--on-limit");
    return policy;
}

std::string limit_text(const vmnix_console_policy &policy) {
    if (policy.limit == 0)
        return "none";
    return fmt::format("{} {} within {}, then {}", policy.limit, policy.limit == 1 ? "restart" : "restarts",
                       duration(policy.limit_seconds), console_action_name(policy.on_limit));
}

std::string watchdog_text(const vmnix_console_policy &policy) {
    return policy.watchdog_ms == 0 ? "off" : duration(policy.watchdog_ms / 1000.0);
}

} // namespace console

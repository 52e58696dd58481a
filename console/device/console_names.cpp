// SPDX-License-Identifier: GPL-2.0-only
#include <array>

#include "console/device/names.hpp"
#include "vmnix/abi/hypercall/console.h"

namespace console {

namespace {

struct EndName {
    std::string_view name, key;
};

constexpr std::array<EndName, VMNIX_END_KINDS> end_names{{
    {"none", "none"},
    {"its kernel panicked", "panic"},
    {"it was told to restart the machine", "restart"},
    {"it was told to power the machine off", "power_off"},
    {"it was told to start another kernel (kexec)", "kexec"},
    {"an operator asked for a new one", "order"},
    {"triple fault", "triple_fault"},
    {"it reset the machine", "reset"},
    {"its CPUs took no interrupts any more", "watchdog"},
    {"its programs were silent", "heartbeat"},
}};
static_assert(!end_names.back().key.empty(), "an end has no name");

} // namespace

std::string_view console_end_name(std::uint32_t end) {
    return end < end_names.size() ? end_names[end].name : "unknown";
}

std::string_view console_end_key(std::uint32_t end) {
    return end < end_names.size() ? end_names[end].key : "unknown";
}

std::string_view console_state_name(std::uint32_t state) {
    switch (state) {
    case VMNIX_CONSOLE_RUNS:
        return "running";
    case VMNIX_CONSOLE_STOPS:
        return "stopping";
    case VMNIX_CONSOLE_STARTS:
        return "starting";
    case VMNIX_CONSOLE_HELD:
        return "held";
    default:
        return "unknown";
    }
}

std::string_view console_action_name(std::uint32_t action) {
    switch (action) {
    case VMNIX_ACTION_RESTART:
        return "restart";
    case VMNIX_ACTION_HOLD:
        return "hold";
    case VMNIX_ACTION_RESET_HOST:
        return "reset-host";
    default:
        return "unknown";
    }
}

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#include "console/base/clock.hpp"

#include <chrono>

namespace console {

namespace {

template <class Clock> double seconds_now() {
    return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

} // namespace

double monotonic_seconds() {
    return seconds_now<std::chrono::steady_clock>();
}

double wall_seconds() {
    return seconds_now<std::chrono::system_clock>();
}

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#include "console/service_console/heartbeat.hpp"

#include <cmath>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console/base/caught_signals.hpp"
#include "console/base/failure.hpp"
#include "console/vm/options/bad_value.hpp"
#include "console/vm/options/values.hpp"

namespace console {

namespace {

constexpr double least = 1, most = 600; // seconds
constexpr int missed = 3;               // so many in a row are an end

int interval_ms(const std::string &text) {
    try {
        const double seconds = parse_duration(text);
        if (seconds < least || seconds > most)
            throw BadValue(fmt::format("'{}' is not a time between 1s and 10m", text));
        return static_cast<int>(std::lround(seconds * 1000));
    } catch (const BadValue &bad) {
        throw Failure(ExitCode::Usage, fmt::format("--every: {}", bad.what()));
    }
}

// A system that can start no program any more is as good as silent. This one is at hand, whatever becomes of disks.
bool starts_programs() {
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
        ::execl("/proc/self/exe", "vmnix", "--version", nullptr);
        ::_exit(127);
    }
    int status = 0;
    return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

} // namespace

ExitCode beat_regularly(VmmDevice &device, const ServiceConsoleOptions &options) {
    const int interval = interval_ms(options.every.value_or("10s"));
    CaughtSignals signals{SIGINT, SIGTERM, SIGHUP};
    for (;;) {
        if (starts_programs())
            device.beat(static_cast<std::uint32_t>(interval * missed));
        pollfd event{signals.fd(), POLLIN, 0};
        if (::poll(&event, 1, interval) > 0 && signals.take() != 0)
            break;
    }
    device.beat(0);
    return ExitCode::Ok;
}

} // namespace console

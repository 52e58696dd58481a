// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>
#include <string>

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"
#include "console/service_console/package.hpp"

namespace console {

struct ServiceConsoleOptions {
    bool json = false;
    std::string action;
    PackageWish package;
    std::optional<std::string> on_crash, limit, on_limit, watchdog; // as given
    std::optional<std::string> every;                               // as given
    bool force = false, yes = false;
    bool previous = false, all = false, follow = false;

    bool policy_given() const { return on_crash || limit || on_limit || watchdog; }
};

ExitCode run_service_console(Environment &environment, const ServiceConsoleOptions &options);

} // namespace console

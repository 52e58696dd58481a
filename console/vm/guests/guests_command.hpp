// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>
#include <string>

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"

namespace console {

struct GuestsOptions {
    bool json = false;
    std::string action;
    std::optional<std::string> directory;
    double timeout = 60; // seconds; stop: for all together
    bool kill = false;   // stop: those that are late
    bool all = false;    // stop: VMs without a file too
    bool remove = false; // stop: those that have ended, then
};

ExitCode run_guests(Environment &environment, const GuestsOptions &options);

} // namespace console

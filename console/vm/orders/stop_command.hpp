// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <vector>

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"

namespace console {

struct StopOptions {
    bool json = false;
    std::vector<std::string> names;
    double timeout = 30; // seconds
    bool kill = false;   // those that are late
};

ExitCode run_stop(Environment &environment, const StopOptions &options);

} // namespace console

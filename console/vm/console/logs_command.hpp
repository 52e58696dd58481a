// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"

namespace console {

struct LogsOptions {
    bool json = false;
    bool follow = false;
    std::string name;
};

ExitCode run_logs(Environment &environment, const LogsOptions &options);

} // namespace console

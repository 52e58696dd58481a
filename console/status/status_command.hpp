// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"

namespace console {

struct StatusOptions {
    bool json = false;
};

ExitCode run_status(Environment &environment, const StatusOptions &options);

} // namespace console

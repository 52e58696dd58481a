// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"

namespace console {

struct CheckOptions {
    bool json = false;
};

ExitCode run_check(Environment &environment, const CheckOptions &options);

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"

namespace console {

struct DmesgOptions {
    bool json = false;
    bool follow = false;
};

ExitCode run_dmesg(Environment &environment, const DmesgOptions &options);

} // namespace console

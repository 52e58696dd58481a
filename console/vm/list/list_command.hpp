// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"

namespace console {

struct ListOptions {
    bool json = false;
    bool all = false;   // those that have ended too
    bool names = false; // nothing else
};

ExitCode run_list(Environment &environment, const ListOptions &options);

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"

namespace console {

struct TopOptions {
    bool json = false;
    double interval = 1;           // seconds
    std::optional<unsigned> count; // tables until it ends, 0: no end; by default no end on a terminal, otherwise one
    bool exits = false;            // by kind, of the service console's vCPUs, also when there are VMs
};

ExitCode run_top(Environment &environment, const TopOptions &options);

} // namespace console

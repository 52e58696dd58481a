// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>
#include <string>

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"

namespace console {

struct ConsoleOptions {
    static constexpr bool json = false; // what a VM writes is passed on as it is
    std::string name;
    std::optional<double> timeout; // seconds
};

ExitCode run_console(Environment &environment, const ConsoleOptions &options);

} // namespace console

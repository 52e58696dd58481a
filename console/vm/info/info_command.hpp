// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <vector>

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"

namespace console {

struct InfoOptions {
    bool json = false;
    std::string name;
};

ExitCode run_info(Environment &environment, const InfoOptions &options);

} // namespace console

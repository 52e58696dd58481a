// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"

namespace console {

struct SetOptions {
    bool json = false;
    std::string name;                                       // or that of the service console
    std::vector<std::pair<std::string, std::string>> given; // keys of share_options() and values; the others stay
};

ExitCode run_set(Environment &environment, const SetOptions &options);

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"

namespace console {

struct RunOptions {
    bool json = false;
    std::optional<std::string> file;
    std::vector<std::pair<std::string, std::string>> given; // keys and values, over those of the file
    bool attach = false;
};

ExitCode run_run(Environment &environment, const RunOptions &options);

// The file's options with those of the command line over them.
VmOptions merged_options(const RunOptions &options);

} // namespace console

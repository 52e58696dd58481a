// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>
#include <string>

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"

namespace console {

struct SelftestOptions {
    bool json = false;
    bool yes = false; // without asking
    std::optional<std::string> kernel, initrd, append, memory;
    std::string expect = "guest# "; // what a guest prints at its shell; that of scripts/guest-image does
    std::string timeout = "120s";
    std::optional<std::string> report; // the file to send back
};

ExitCode run_selftest(Environment &environment, const SelftestOptions &options);

} // namespace console

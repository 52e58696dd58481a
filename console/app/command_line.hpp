// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <variant>

#include "console/base/exit_code.hpp"
#include "console/check/check_command.hpp"
#include "console/dmesg/dmesg_command.hpp"
#include "console/status/status_command.hpp"
#include "console/top/top_command.hpp"

namespace console {

// A command line that is answered without running a command: help, version, or a mistake.
struct Answer {
    ExitCode code;
    std::string out;
    std::string err;
};

using Command = std::variant<StatusOptions, DmesgOptions, TopOptions, CheckOptions>;

std::variant<Answer, Command> parse_command_line(int argc, const char *const *argv);

std::string version_text();

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <variant>

#include "console/app/command.hpp"
#include "console/base/exit_code.hpp"

namespace console {

// A command line that is answered without running a command: help, version, or a mistake.
struct Answer {
    ExitCode code;
    std::string out;
    std::string err;
};

std::variant<Answer, Command> parse_command_line(int argc, const char *const *argv);

std::string version_text();

} // namespace console

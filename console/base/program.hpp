// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <vector>

namespace console {

// Runs a program that is found as a shell finds it, and waits. Its exit code; 127: there is none of this name.
int run_program_here(const std::vector<std::string> &words);

struct ProgramResult {
    int code;
    std::string text; // what it wrote to standard output and standard error
};
// The same; what the program says is kept instead of shown.
ProgramResult capture_program_here(const std::vector<std::string> &words);

} // namespace console

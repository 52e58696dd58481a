// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/base/environment.hpp"
#include "console/base/exit_code.hpp"

namespace console {

// The whole command; errors are told on environment.err, and with --json on environment.out too.
ExitCode run(int argc, const char *const *argv, Environment &environment);

} // namespace console

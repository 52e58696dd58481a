// SPDX-License-Identifier: GPL-2.0-only
// Cores of service consoles that died. A crash kernel saves them, as on a bare machine: it runs as a guest before the
// console is restarted. What is told here is whether there is one, and what it has saved.
#pragma once

#include "console/base/environment.hpp"
#include "console/base/failure.hpp"

namespace console {

ExitCode print_cores(Environment &environment, bool json);

} // namespace console

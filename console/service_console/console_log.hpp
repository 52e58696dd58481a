// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/service_console/service_console_command.hpp"

namespace console {

// Kernel messages of this service console, of those before (--previous), or of all.
ExitCode print_console_log(Environment &environment, VmmDevice &device, const ServiceConsoleOptions &options);

} // namespace console

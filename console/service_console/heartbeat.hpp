// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/service_console/service_console_command.hpp"

namespace console {

// Tells the VMM again and again that programs run here; ended by a signal it tells that no more will come.
ExitCode beat_regularly(VmmDevice &device, const ServiceConsoleOptions &options);

} // namespace console

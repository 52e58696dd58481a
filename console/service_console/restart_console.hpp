// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/service_console/service_console_command.hpp"

namespace console {

// Ends this service console for a new one: by an orderly reboot that leaves the VMs alone, or at once.
ExitCode restart_console(Environment &environment, VmmDevice &device, const ServiceConsoleOptions &options);

} // namespace console

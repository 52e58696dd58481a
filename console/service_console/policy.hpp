// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "console/service_console/service_console_command.hpp"
#include "vmnix/abi/hypercall/console.h"

namespace console {

// The policy with what was given in the place of what it had. Failure for values that make no sense.
vmnix_console_policy changed_policy(vmnix_console_policy policy, const ServiceConsoleOptions &options);

std::string limit_text(const vmnix_console_policy &policy);    // 5 within 10 min, then hold
std::string watchdog_text(const vmnix_console_policy &policy); // 30 s, off

} // namespace console

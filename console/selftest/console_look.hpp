// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "console/base/environment.hpp"
#include "console/text/json.hpp"

namespace console {

// Whether this Linux works as the VMM's guest: every CPU is one, its exits are counted, timers come when they are due
// and the clocks agree. What the clocks said goes to `clock`. Failure says what is wrong.
std::string look_at_console(Environment &environment, Json &clock);

} // namespace console

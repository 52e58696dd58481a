// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <variant>

#include "console/check/check_command.hpp"
#include "console/dmesg/dmesg_command.hpp"
#include "console/selftest/selftest_command.hpp"
#include "console/service_console/service_console_command.hpp"
#include "console/status/status_command.hpp"
#include "console/top/top_command.hpp"
#include "console/vm/console/console_command.hpp"
#include "console/vm/console/logs_command.hpp"
#include "console/vm/guests/guests_command.hpp"
#include "console/vm/info/info_command.hpp"
#include "console/vm/list/list_command.hpp"
#include "console/vm/orders/order_command.hpp"
#include "console/vm/orders/stop_command.hpp"
#include "console/vm/run/run_command.hpp"
#include "console/vm/share/set_command.hpp"

namespace console {

// What a command line asks for.
using Command = std::variant<StatusOptions, DmesgOptions, TopOptions, CheckOptions, RunOptions, ListOptions,
                             InfoOptions, ConsoleOptions, LogsOptions, OrderOptions, StopOptions, SetOptions,
                             GuestsOptions, ServiceConsoleOptions, SelftestOptions>;

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/base/failure.hpp"
#include "console/status/status_report.hpp"
#include "console/text/json.hpp"

namespace console {

Json status_json(const StatusReport &report);
// One vCPU's counters by kind of exit.
Json exits_json(const vmnix_cpu_stats &stats);
// The same question answered when the VMM cannot be asked.
Json failure_json(const Failure &failure);

} // namespace console

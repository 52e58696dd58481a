// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "console/status/status_report.hpp"
#include "console/text/style.hpp"

namespace console {

std::string status_text(const StatusReport &report, const Style &style, unsigned width);

} // namespace console

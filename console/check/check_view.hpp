// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "console/check/check_report.hpp"
#include "console/text/json.hpp"
#include "console/text/style.hpp"

namespace console {

std::string check_text(const CheckReport &report, const Style &style, unsigned width);
Json check_json(const CheckReport &report);

} // namespace console

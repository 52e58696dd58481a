// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

#include "console/base/output.hpp"
#include "console/text/json.hpp"
#include "console/text/style.hpp"
#include "console/top/rates.hpp"

namespace console {

// A table, one row per vCPU. Kinds of exits that do not fit are summed up under "rest", the quietest first; rows that
// do not fit are left out from `first_row` on both sides, and a line says so.
std::string rates_table(const Rates &rates, const Style &style, TextSize size, std::size_t first_row = 0);

Json rates_json(const Rates &rates);

} // namespace console

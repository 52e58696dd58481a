// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/check_report.hpp"

#include <algorithm>

namespace console {

unsigned CheckReport::count(CheckRow::Verdict verdict) const {
    const auto same = [=](const CheckRow &row) { return row.verdict == verdict; };
    return static_cast<unsigned>(std::count_if(rows.begin(), rows.end(), same));
}

} // namespace console

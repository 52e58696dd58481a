// SPDX-License-Identifier: GPL-2.0-only
#pragma once

namespace console {

double monotonic_seconds(); // since some moment; never goes back
double wall_seconds();      // since 1970-01-01 UTC

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
// The machine's battery-backed clock, read once for a console that begins.
#pragma once

#include <cstdint>

namespace vmm {

// Nanoseconds since 1 January 1970, by whole seconds. The clock is taken to be in UTC, as kernels take it.
std::uint64_t read_real_time_clock();

} // namespace vmm

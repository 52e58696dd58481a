// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <vector>

#include "console/base/environment.hpp"

namespace console {

// CPUs that are online.
std::vector<unsigned> online_cpus(const std::filesystem::path &root);

// How long it took to sleep so long, by the monotonic clock. Failure: the timer came early, or late three times.
double measured_sleep(Environment &environment, double seconds);

// A short sleep on each of them; a CPU that this program may not run on is passed over. Failure names the CPU.
void sleep_on_each(Environment &environment, CpuProbe &probe, const std::vector<unsigned> &cpus);

} // namespace console

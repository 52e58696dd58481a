// SPDX-License-Identifier: GPL-2.0-only
// What each of several single-vCPU VMs is entitled to: the fluid that fills CPUs, in proportion to shares, between
// reservation and limit. Floating point, bisection and all sets of CPUs: nothing of how the scheduler goes about it.
#pragma once

#include "vmm/sched/sched_group.hpp"

#include <vector>

namespace vmm::test {

// Parts of one CPU.
std::vector<double> entitlements(unsigned cpus, const std::vector<SchedParameters> &worlds);

} // namespace vmm::test

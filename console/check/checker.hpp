// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <filesystem>

#include "console/check/check_report.hpp"
#include "console/check/cpu_probe.hpp"

namespace console {

// The module's own preflight over facts gathered from user space, and what insmod would stumble over before it.
CheckReport check_machine(const std::filesystem::path &root, CpuProbe &probe);

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/check/cpu_probe.hpp"
#include "vmnix/preflight.h"

namespace console {

// Fills the facts that CPUID tells. On the CPUs after the first a feature stays only if this CPU has it too.
void read_cpuid_facts(CpuProbe &probe, vmnix_facts &facts, bool first);

bool has_osxsave(CpuProbe &probe);
bool has_xss(CpuProbe &probe);
bool has_cet(CpuProbe &probe);

} // namespace console

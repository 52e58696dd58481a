// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>

#include "console/boot/file_view.hpp"
#include "console/boot/memory_plan.hpp"

namespace console {

// Linux's 32-bit boot protocol: the kernel, the zero page and what that points to. Gives the entry state.
VcpuState prepare_linux(MemoryPlan &plan, BootRequest &request, const FileView &file, std::uint64_t rsdp);

} // namespace console

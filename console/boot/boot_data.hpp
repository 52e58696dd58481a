// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <string_view>

#include "console/boot/memory_plan.hpp"

namespace console {

// The small things that all protocols hand over lie in base memory, where no kernel lies as a rule.
std::uint64_t claim_boot_data(MemoryPlan &plan, std::string_view what, std::uint64_t size);
std::uint64_t put_boot_data(MemoryPlan &plan, std::string_view what, Bytes bytes);
std::uint64_t put_text(MemoryPlan &plan, std::string_view what, std::string_view text); // with a zero at its end
std::uint64_t put_gdt(MemoryPlan &plan);

} // namespace console

// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <vector>

#include "console/boot/memory_plan.hpp"

namespace console {

struct PlacedModule {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::uint64_t text = 0; // its address
};

// High as initrds lie, or right behind the kernel, where early page tables of multiboot kernels still reach.
enum class ModulePlace { High, BehindKernel };

// The memory that the initrd and the modules take.
std::uint64_t size_of_modules(const BootRequest &request);

// Puts the initrd, if there is one, and the modules. Failure, if they do not fit, with the memory that would do.
std::vector<PlacedModule> put_modules(MemoryPlan &plan, BootRequest &request, ModulePlace place);

// Linux's initrd, below a limit of the kernel's.
PlacedModule put_initrd(MemoryPlan &plan, BootFile initrd, std::uint64_t limit);

} // namespace console

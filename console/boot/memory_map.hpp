// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <vector>

namespace console {

// The numbers of E820, which PVH and multiboot took over.
enum class MemoryType : std::uint32_t { Usable = 1, Reserved = 2 };

struct MemoryRange {
    std::uint64_t base;
    std::uint64_t size;
    MemoryType type;
};

// What the guest is told about its address space: sorted, without overlap.
std::vector<MemoryRange> memory_map(std::uint64_t memory);

} // namespace console

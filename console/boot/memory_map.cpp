// SPDX-License-Identifier: GPL-2.0-only
#include "console/boot/memory_map.hpp"

#include "console/boot/layout.hpp"

namespace console {

std::vector<MemoryRange> memory_map(std::uint64_t memory) {
    using namespace layout;
    std::vector<MemoryRange> map{
        {0, base_memory_end, MemoryType::Usable},
        {base_memory_end, first_mib_end - base_memory_end, MemoryType::Reserved},
        {first_mib_end, low_ram_end(memory) - first_mib_end, MemoryType::Usable},
        {io_apic_base, page, MemoryType::Reserved},
        {local_apic_base, page, MemoryType::Reserved},
    };
    if (memory > low_ram_limit)
        map.push_back({high_ram_base, memory - low_ram_limit, MemoryType::Usable});
    return map;
}

} // namespace console

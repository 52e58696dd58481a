// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/core/boot_map.hpp"

#include "vmm/core/attach.hpp"
#include "vmm/core/vmm.hpp"
#include "vmnix/abi/guest/boot_map.h"

namespace vmm {
namespace {

Result<> write(std::uint64_t to, const void *from, std::uint64_t bytes) {
    return g_vmm.ram.memory().write(Gpa(to), from, bytes);
}

} // namespace

Result<> write_boot_map(const vmnix_package &package, std::uint32_t generation) {
    const std::uint64_t room = (package.map_bytes - sizeof(vmnix_boot_map)) / sizeof(vmnix_boot_range);
    const std::uint64_t end = g_vmm.ram.pieces().count() << PieceMap::kShift;
    vmnix_boot_map map{.magic = VMNIX_BOOT_MAP_MAGIC, .count = 0, .generation = generation};
    Hpa from(0);
    while (map.count < room) {
        const auto taken = next_taken(from);
        if (!taken)
            break;
        vmnix_boot_range range{taken->begin.raw(), taken->size};
        if (map.count + 1 == room) // what is left out would be used
            range.size = end - range.base;
        TRY(write(package.map_at + sizeof(map) + map.count * sizeof(range), &range, sizeof(range)));
        map.count++;
        from = Hpa(range.base + range.size);
    }
    return write(package.map_at, &map, sizeof(map));
}

} // namespace vmm

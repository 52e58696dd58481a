// SPDX-License-Identifier: GPL-2.0-only
#include "console/loader/reserve.hpp"

namespace loader {

namespace {

constexpr uint32_t e820_entries_at = 0x1e8;
constexpr uint32_t e820_table_at = 0x2d0;
constexpr uint32_t e820_entry_size = 20;
constexpr uint32_t e820_most = 128;
constexpr uint32_t e820_ram = 1;

uint64_t end_of(const vmnix_boot_range &range) {
    return range.base + range.size;
}

// Before which one lies the smallest gap.
uint32_t nearest(const vmnix_boot_range *range, uint32_t count) {
    uint32_t best = 1;
    for (uint32_t i = 2; i < count; ++i)
        if (range[i].base - end_of(range[i - 1]) < range[best].base - end_of(range[best - 1]))
            best = i;
    return best;
}

uint64_t field(const unsigned char *bytes, uint32_t size) {
    uint64_t value = 0;
    for (uint32_t i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

} // namespace

uint32_t join(vmnix_boot_range *range, uint32_t count, uint32_t most) {
    while (count > most) {
        const uint32_t second = nearest(range, count);
        range[second - 1].size = end_of(range[second]) - range[second - 1].base;
        for (uint32_t i = second + 1; i < count; ++i)
            range[i - 1] = range[i];
        --count;
    }
    return count;
}

uint32_t write_nodes(SetupNode *node, uint64_t at, const vmnix_boot_range *range, uint32_t count, uint64_t ram_end) {
    uint32_t written = 0;
    for (uint32_t i = 0; i < count; ++i) {
        uint64_t size = range[i].size;
        if (range[i].base < ram_end && end_of(range[i]) >= ram_end)
            size = ram_end - range[i].base - 1;
        if (size == 0)
            continue;
        if (written > 0)
            node[written - 1].next = at + uint64_t{written} * sizeof(SetupNode);
        node[written++] = {0, setup_indirect, sizeof(SetupNode) - 16, 0, 0, size, range[i].base};
    }
    return written;
}

uint64_t end_of_ram(const unsigned char *boot_params) {
    uint64_t end = 0;
    const uint32_t entries = boot_params[e820_entries_at];
    for (uint32_t i = 0; i < entries && i < e820_most; ++i) {
        const unsigned char *entry = boot_params + e820_table_at + i * e820_entry_size;
        const uint64_t entry_end = field(entry, 8) + field(entry + 8, 8);
        if (field(entry + 16, 4) == e820_ram && entry_end > end)
            end = entry_end;
    }
    return end;
}

} // namespace loader

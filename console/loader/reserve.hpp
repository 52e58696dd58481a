// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "vmnix/abi/guest/boot_map.h"

// From the VMM's list of memory that is taken to what Linux reads before it allocates anything: boot.rst, "setup_data".
// Pure, so that it is tested hosted.
namespace loader {

// Linux's early table of reserved memory has 128 entries and cannot grow; some of them it needs itself.
inline constexpr uint32_t most_nodes = 64;
inline constexpr uint32_t setup_indirect = 1u << 31;

// struct setup_data with a struct setup_indirect, arch/x86/include/uapi/asm/setup_data.h. An inner type that is not
// setup_indirect itself is what makes Linux reserve the range.
struct SetupNode {
    uint64_t next; // physical address; 0: the last one
    uint32_t type;
    uint32_t length; // of what follows
    uint32_t inner_type;
    uint32_t reserved;
    uint64_t size;
    uint64_t address;
};
static_assert(sizeof(SetupNode) == 40);

// Joins neighbours until there are at most `most`, those with the least memory between them first. Gives their number.
uint32_t join(vmnix_boot_range *range, uint32_t count, uint32_t most);

// One node per range, linked as they follow one another; `at` is the first one's physical address. Linux looks for the
// end of RAM in what its map still calls RAM: what is reserved up to that end (`ram_end`) is so but for its last byte,
// whose page cannot be used all the same.
uint32_t write_nodes(SetupNode *node, uint64_t at, const vmnix_boot_range *range, uint32_t count, uint64_t ram_end);

// The end of RAM in a zero page's memory map.
uint64_t end_of_ram(const unsigned char *boot_params);

} // namespace loader

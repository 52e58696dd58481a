// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sweep over the borders of all ranges, lowest first; between two borders the kind of memory does
 * not change.
 */
#include "memmap.h"

#define FOUR_GIB (1ull << 32)

static uint64_t page_down(uint64_t address)
{
	return address & ~(VMNIX_PAGE_SIZE - 1);
}

static uint64_t page_up(uint64_t address)
{
	return page_down(address + VMNIX_PAGE_SIZE - 1);
}

/*
 * RAM shrinks to whole pages, devices grow to them. A range that becomes empty stays, and covers
 * nothing.
 */
static void align_ranges(struct vmnix_range *range, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		range[i].base = range[i].ram ? page_up(range[i].base) : page_down(range[i].base);
		range[i].end = range[i].ram ? page_down(range[i].end) : page_up(range[i].end);
	}
}

/* 0: nothing there. */
static uint32_t kind_at(const struct vmnix_range *range, uint32_t count, uint64_t address)
{
	uint32_t kind = address < FOUR_GIB ? VMNIX_MEMORY_DEVICE : 0;
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (address < range[i].base || address >= range[i].end)
			continue;
		if (range[i].ram)
			return VMNIX_MEMORY_RAM;
		kind = VMNIX_MEMORY_DEVICE;
	}
	return kind;
}

/* The nearest border above `address`, or 0. */
static uint64_t next_border(const struct vmnix_range *range, uint32_t count, uint64_t address)
{
	uint64_t best = address < FOUR_GIB ? FOUR_GIB : ~0ull;
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (range[i].base > address && range[i].base < best)
			best = range[i].base;
		if (range[i].end > address && range[i].end < best)
			best = range[i].end;
	}
	return best == ~0ull ? 0 : best;
}

int vmnix_memmap_build(struct vmnix_range *range, uint32_t count, struct vmnix_memory *memory,
		       uint32_t limit)
{
	uint64_t address = 0, end;
	uint32_t used = 0, kind;

	align_ranges(range, count);
	for (; (end = next_border(range, count, address)); address = end) {
		kind = kind_at(range, count, address);
		if (!kind)
			continue;
		if (used && memory[used - 1].kind == kind &&
		    memory[used - 1].base + memory[used - 1].size == address) {
			memory[used - 1].size += end - address;
			continue;
		}
		if (used == limit)
			return -E2BIG;
		memory[used].base = address;
		memory[used].size = end - address;
		memory[used].kind = kind;
		memory[used].reserved = 0;
		used++;
	}
	return (int)used;
}

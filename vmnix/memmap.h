/* SPDX-License-Identifier: GPL-2.0-only */
/* The console's physical memory map, from what Linux lists in /proc/iomem. Pure. */
#ifndef VMNIX_MEMMAP_H
#define VMNIX_MEMMAP_H

#include "portable.h"
#include "abi/handover/handover.h"

struct vmnix_range {
	uint64_t base;
	uint64_t end; /* exclusive */
	bool ram;
};

VMNIX_BEGIN_C
/*
 * Turns ranges in any order, nested or overlapping, into the ascending, disjoint, page-aligned list
 * of the handover. RAM wins over what overlaps it, save a page that is RAM only in part: that one
 * is a device's. Everything below 4 GiB that is not RAM counts as a device's, listed or not:
 * firmware and chipset registers are often not listed. Aligns `range` in place. Returns the number
 * of entries, or -E2BIG.
 */
int vmnix_memmap_build(struct vmnix_range *range, uint32_t count, struct vmnix_memory *memory,
		       uint32_t limit);
VMNIX_END_C

#endif

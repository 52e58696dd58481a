// SPDX-License-Identifier: GPL-2.0-only
/* Keeps one page that cannot move in every 2 MiB block of memory, so that nothing larger can be had in one piece. */
#include <linux/gfp.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "fragment.h"

#define BLOCK (1ul << 9)
#define TRIES 8 /* places in a block; a page that is in use for a moment is not the only one */

static unsigned long *kept; /* the page of each block, 0 for none */
static unsigned long blocks;

static unsigned long keep_one(unsigned long block)
{
	unsigned long pfn, i;

	for (i = 0; i < TRIES; i++) {
		pfn = block * BLOCK + i * (BLOCK / TRIES);
		if (pfn && pfn_to_online_page(pfn) && !PageReserved(pfn_to_page(pfn)) &&
		    !alloc_contig_range(pfn, pfn + 1, MIGRATE_MOVABLE, GFP_KERNEL | __GFP_NOWARN))
			return pfn;
	}
	return 0; /* unmovable already, or no memory at all */
}

int poke_fragment(struct poke *poke)
{
	unsigned long block;

	if (kept)
		return -EBUSY;
	blocks = (8ul << 30) / (BLOCK << PAGE_SHIFT);
	kept = vzalloc(array_size(blocks, sizeof(*kept)));
	if (!kept)
		return -ENOMEM;
	poke->value = 0;
	for (block = 0; block < blocks; block++) {
		kept[block] = keep_one(block);
		poke->value += !!kept[block];
		cond_resched();
	}
	return 0;
}

void poke_defragment(void)
{
	unsigned long block;

	for (block = 0; kept && block < blocks; block++)
		if (kept[block])
			free_contig_range(kept[block], 1);
	vfree(kept);
	kept = NULL;
}

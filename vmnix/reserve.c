// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debian's kernels export no allocator for megabytes of contiguous memory, but they export the one
 * below it: alloc_contig_range empties a given range of page frames by migration. So walk down from
 * the top of memory and ask for one range after the other. While the arena is out, its pages are
 * PageOffline, which /proc/kcore and dump tools skip, and not counted as managed, so that the
 * watermarks see the memory that there is.
 */
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/ioport.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/sched/signal.h>

#include "reserve.h"
#include "abi/handover/image.h"

#define PASSES 3

phys_addr_t vmnix_arena_base(const struct vmnix_arena *arena)
{
	return PFN_PHYS(arena->pfn);
}

void *vmnix_arena_address(const struct vmnix_arena *arena)
{
	return pfn_to_kaddr(arena->pfn);
}

size_t vmnix_arena_bytes(const struct vmnix_arena *arena)
{
	return arena->pages << PAGE_SHIFT;
}

void *vmnix_arena_take(struct vmnix_arena *arena, size_t size)
{
	void *memory = vmnix_arena_address(arena) + arena->used;

	size = PAGE_ALIGN(size);
	if (size > vmnix_arena_bytes(arena) - arena->used)
		return NULL;
	arena->used += size;
	return memory;
}

static int note_end(struct resource *resource, void *highest)
{
	*(unsigned long *)highest = max(*(unsigned long *)highest, PHYS_PFN(resource->end + 1));
	return 0;
}

static unsigned long highest_pfn(void)
{
	unsigned long highest = 0;

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1,
			    &highest, note_end);
	return highest;
}

/*
 * Whether all frames are Linux's own memory in one zone. ZONE_MOVABLE is there so that memory can
 * be unplugged, which the arena would prevent: it is a last resort. On failure *bad is the highest
 * frame that does not fit.
 */
static bool is_candidate(unsigned long pfn, unsigned long pages, bool movable_zone,
			 unsigned long *bad)
{
	struct zone *zone = NULL;
	struct page *page;
	unsigned long i;

	for (i = pages; i--;) {
		*bad = pfn + i;
		page = pfn_to_online_page(pfn + i);
		if (!page || PageReserved(page))
			return false;
		if (!zone)
			zone = page_zone(page);
		if (page_zone(page) != zone || (!movable_zone && zone_idx(zone) == ZONE_MOVABLE))
			return false;
	}
	return true;
}

static int try_all(struct vmnix_arena *arena, unsigned long pages, bool movable_zone)
{
	const unsigned long step = VMNIX_ARENA_ALIGN >> PAGE_SHIFT;
	unsigned long end = ALIGN_DOWN(highest_pfn(), step), bad;

	for (; end > pages; end -= step) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		if (!is_candidate(end - pages, pages, movable_zone, &bad)) {
			/* The loop steps below the block of the bad frame. */
			end = ALIGN_DOWN(bad, step) + step;
			continue;
		}
		arena->tries++;
		if (alloc_contig_range(end - pages, end, MIGRATE_MOVABLE,
				       GFP_KERNEL | __GFP_NOWARN))
			continue;
		arena->pfn = end - pages;
		arena->pages = pages;
		return 0;
	}
	return -ENOMEM;
}

static void mark_offline(struct vmnix_arena *arena)
{
	unsigned long i;

	page_offline_begin();
	for (i = 0; i < arena->pages; i++)
		__SetPageOffline(pfn_to_page(arena->pfn + i));
	page_offline_end();
	adjust_managed_page_count(pfn_to_page(arena->pfn), -(long)arena->pages);
}

static void clear_offline(struct vmnix_arena *arena)
{
	unsigned long i;

	page_offline_begin();
	for (i = 0; i < arena->pages; i++)
		__ClearPageOffline(pfn_to_page(arena->pfn + i));
	page_offline_end();
	adjust_managed_page_count(pfn_to_page(arena->pfn), arena->pages);
}

static void scrub(struct vmnix_arena *arena)
{
	unsigned long i;

	for (i = 0; i < arena->pages; i++) {
		clear_page(pfn_to_kaddr(arena->pfn + i));
		cond_resched();
	}
}

int vmnix_arena_reserve(struct vmnix_arena *arena, size_t size)
{
	unsigned int pass;
	int ret = -ENOMEM;

	for (pass = 0; pass < PASSES && ret == -ENOMEM; pass++) {
		if (pass)
			msleep(50); /* pages under writeback or briefly pinned get free */
		ret = try_all(arena, size >> PAGE_SHIFT, pass == PASSES - 1);
	}
	if (ret) {
		pr_err("not launched: no %zu MiB of contiguous memory after %u tries: stop programs or launch earlier after boot\n",
		       size >> 20, arena->tries);
		return ret;
	}
	arena->used = 0;
	mark_offline(arena);
	scrub(arena);
	return 0;
}

void vmnix_arena_release(struct vmnix_arena *arena)
{
	if (!arena->pages)
		return;
	scrub(arena);
	clear_offline(arena);
	free_contig_range(arena->pfn, arena->pages);
	arena->pages = 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debian's kernels export no allocator for megabytes of contiguous memory, but they export the one
 * below it: alloc_contig_range empties a given range of page frames by migration. So walk down from
 * the top of memory and ask for one range after the other. While frames are out, their pages are
 * PageOffline, which /proc/kcore and dump tools skip, and not counted as managed, so that the
 * watermarks see the memory that there is.
 */
#include <linux/gfp.h>
#include <linux/ioport.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/sched/signal.h>
#include <asm/dma.h>

#include "frames.h"

/* Below lies what old devices reach, 16 MiB in all. */
#define LOWEST ((unsigned long)MAX_DMA_PFN)

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
 * be unplugged, which a run that is out would prevent: it is a last resort. On failure *bad is the
 * highest frame that does not fit.
 */
static bool is_candidate(unsigned long pfn, unsigned long count, bool movable, unsigned long *bad)
{
	struct zone *zone = NULL;
	struct page *page;
	unsigned long i;

	for (i = count; i--;) {
		*bad = pfn + i;
		page = pfn_to_online_page(pfn + i);
		if (!page || PageReserved(page) || PageOffline(page))
			return false;
		if (!zone)
			zone = page_zone(page);
		if (page_zone(page) != zone || (!movable && zone_idx(zone) == ZONE_MOVABLE))
			return false;
	}
	return true;
}

static void mark_offline(unsigned long pfn, unsigned long count)
{
	unsigned long i;

	page_offline_begin();
	for (i = 0; i < count; i++)
		__SetPageOffline(pfn_to_page(pfn + i));
	page_offline_end();
	adjust_managed_page_count(pfn_to_page(pfn), -(long)count);
}

static void clear_offline(unsigned long pfn, unsigned long count)
{
	unsigned long i;

	page_offline_begin();
	for (i = 0; i < count; i++)
		__ClearPageOffline(pfn_to_page(pfn + i));
	page_offline_end();
	adjust_managed_page_count(pfn_to_page(pfn), count);
}

int vmnix_frames_take(struct vmnix_search *search, unsigned long count, unsigned long *pfn)
{
	unsigned long end = search->below ?: ALIGN_DOWN(highest_pfn(), VMNIX_PIECE_FRAMES), bad;

	while (end >= LOWEST + count) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		if (!is_candidate(end - count, count, search->movable, &bad)) {
			end = ALIGN_DOWN(bad, VMNIX_PIECE_FRAMES);
			continue;
		}
		search->tries++;
		if (alloc_contig_range(end - count, end, MIGRATE_MOVABLE,
				       GFP_KERNEL | __GFP_NOWARN)) {
			end -= search->step;
			continue;
		}
		*pfn = search->below = end - count;
		mark_offline(*pfn, count);
		return 0;
	}
	return -ENOMEM;
}

void vmnix_frames_return(unsigned long pfn, unsigned long count)
{
	clear_offline(pfn, count);
	free_contig_range(pfn, count);
}

void vmnix_frames_scrub(unsigned long pfn, unsigned long count)
{
	unsigned long i;

	for (i = 0; i < count; i++) {
		clear_page(pfn_to_kaddr(pfn + i));
		cond_resched();
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debian's kernels export no allocator for megabytes of contiguous memory, but they export the one
 * below it: alloc_contig_range empties a given range of page frames by migration. So walk down from
 * the top of memory and ask for one range after the other. While frames are out, their pages are
 * PageOffline, which /proc/kcore and dump tools skip, and not counted as managed, so that the
 * watermarks see the memory that there is.
 *
 * A Linux that a VMM has started finds some frames out already: its loader had them reserved at
 * boot, and they are adopted.
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
}

static void clear_offline(unsigned long pfn, unsigned long count)
{
	unsigned long i;

	page_offline_begin();
	for (i = 0; i < count; i++)
		__ClearPageOffline(pfn_to_page(pfn + i));
	page_offline_end();
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
		adjust_managed_page_count(pfn_to_page(*pfn), -(long)count);
		return 0;
	}
	return -ENOMEM;
}

void vmnix_frames_return(unsigned long pfn, unsigned long count)
{
	clear_offline(pfn, count);
	adjust_managed_page_count(pfn_to_page(pfn), count);
	free_contig_range(pfn, count);
}

/* Reserved since this Linux booted: with page structures, and never counted as managed. */
static bool is_adoptable(unsigned long pfn, unsigned long count)
{
	struct page *page;
	unsigned long i;

	for (i = 0; i < count; i++) {
		page = pfn_to_online_page(pfn + i);
		if (!page || !PageReserved(page) || PageOffline(page))
			return false;
	}
	return true;
}

bool vmnix_frames_adopt(unsigned long pfn, unsigned long count)
{
	if (!is_adoptable(pfn, count))
		return false;
	mark_offline(pfn, count);
	return true;
}

void vmnix_frames_free_adopted(unsigned long pfn, unsigned long count)
{
	unsigned long i;

	clear_offline(pfn, count);
	for (i = 0; i < count; i++) {
		free_reserved_page(pfn_to_page(pfn + i)); /* counts it as managed, too */
		cond_resched();
	}
}

void vmnix_frames_leave_reserved(unsigned long pfn, unsigned long count)
{
	unsigned long i;

	clear_offline(pfn, count);
	for (i = 0; i < count; i++)
		SetPageReserved(pfn_to_page(pfn + i));
}

void vmnix_frames_scrub(unsigned long pfn, unsigned long count)
{
	unsigned long i;

	for (i = 0; i < count; i++) {
		clear_page(pfn_to_kaddr(pfn + i));
		cond_resched();
	}
}

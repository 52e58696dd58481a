// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/printk.h>

#include "frames.h"
#include "reserve.h"

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

int vmnix_arena_reserve(struct vmnix_arena *arena, size_t size)
{
	struct vmnix_search search = { .step = VMNIX_PIECE_FRAMES };
	unsigned int pass;
	int ret = -ENOMEM;

	for (pass = 0; pass < PASSES && ret == -ENOMEM; pass++) {
		if (pass)
			msleep(50); /* pages under writeback or briefly pinned get free */
		search.below = 0;
		search.movable = pass == PASSES - 1;
		ret = vmnix_frames_take(&search, size >> PAGE_SHIFT, &arena->pfn);
	}
	arena->tries = search.tries;
	if (ret) {
		pr_err("not launched: no %zu MiB of contiguous memory after %u tries: stop programs or launch earlier after boot\n",
		       size >> 20, arena->tries);
		return ret;
	}
	arena->pages = size >> PAGE_SHIFT;
	arena->used = 0;
	vmnix_frames_scrub(arena->pfn, arena->pages);
	return 0;
}

void vmnix_arena_release(struct vmnix_arena *arena)
{
	if (!arena->pages)
		return;
	vmnix_frames_scrub(arena->pfn, arena->pages);
	if (arena->adopted)
		vmnix_frames_free_adopted(arena->pfn, arena->pages);
	else
		vmnix_frames_return(arena->pfn, arena->pages);
	arena->pages = 0;
}

bool vmnix_arena_adopt(struct vmnix_arena *arena, phys_addr_t base, size_t size)
{
	if (!vmnix_frames_adopt(PHYS_PFN(base), size >> PAGE_SHIFT))
		return false;
	arena->pfn = PHYS_PFN(base);
	arena->pages = size >> PAGE_SHIFT;
	arena->used = size;
	arena->adopted = true;
	return true;
}

void vmnix_arena_forget(struct vmnix_arena *arena)
{
	if (arena->pages)
		vmnix_frames_leave_reserved(arena->pfn, arena->pages);
	arena->pages = 0;
}

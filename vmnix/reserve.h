/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The arena: the physically contiguous memory that becomes the VMM's, taken from Linux at run time
 * and given back.
 */
#ifndef VMNIX_RESERVE_H
#define VMNIX_RESERVE_H

#include <linux/types.h>

struct vmnix_arena {
	unsigned long pfn;
	unsigned long pages; /* 0: none reserved */
	size_t used;	     /* bytes handed out from the start */
	unsigned int tries;  /* alloc_contig_range calls it took */
	bool adopted;	     /* the VMM had it before this Linux began */
};

int vmnix_arena_reserve(struct vmnix_arena *arena, size_t size);
void vmnix_arena_release(struct vmnix_arena *arena);

/* The arena of a VMM that runs already. False: this Linux does not have it reserved. */
bool vmnix_arena_adopt(struct vmnix_arena *arena, phys_addr_t base, size_t size);
/* The VMM keeps it. */
void vmnix_arena_forget(struct vmnix_arena *arena);

/* The next zeroed pages, or NULL when the arena is used up. There is no giving back of parts. */
void *vmnix_arena_take(struct vmnix_arena *arena, size_t size);

phys_addr_t vmnix_arena_base(const struct vmnix_arena *arena);
void *vmnix_arena_address(const struct vmnix_arena *arena);
size_t vmnix_arena_bytes(const struct vmnix_arena *arena);

#endif

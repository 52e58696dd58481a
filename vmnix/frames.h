/* SPDX-License-Identifier: GPL-2.0-only */
/* Contiguous memory, in multiples of 2 MiB, taken from Linux at run time and given back. */
#ifndef VMNIX_FRAMES_H
#define VMNIX_FRAMES_H

#include <linux/types.h>

#include "abi/hypercall/vm.h"

#define VMNIX_PIECE_FRAMES (VMNIX_PIECE_SIZE >> PAGE_SHIFT)

struct vmnix_search {
	unsigned long below; /* frame under which to go on; 0: at the top of memory */
	unsigned long step;  /* frames to go down where a run is not to be had; at most a run */
	bool movable;	     /* in ZONE_MOVABLE too */
	unsigned int tries;  /* alloc_contig_range calls so far */
};

/*
 * The highest run of `count` frames that can be had. May sleep. -ENOMEM: none down to the bottom of
 * memory; -EINTR: this task is being killed.
 */
int vmnix_frames_take(struct vmnix_search *search, unsigned long count, unsigned long *pfn);
void vmnix_frames_return(unsigned long pfn, unsigned long count);

/*
 * Frames that were the VMM's before this Linux began. False: they are not all reserved with page
 * structures, so they are nothing that could be given back to this Linux.
 */
bool vmnix_frames_adopt(unsigned long pfn, unsigned long count);
/* Into the page allocator, for the first time in this Linux. */
void vmnix_frames_free_adopted(unsigned long pfn, unsigned long count);
/* The VMM keeps them, and they can be adopted later: as at boot, however they got out. */
void vmnix_frames_leave_reserved(unsigned long pfn, unsigned long count);

void vmnix_frames_scrub(unsigned long pfn, unsigned long count);

#endif

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
void vmnix_frames_scrub(unsigned long pfn, unsigned long count);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* How much of the console's memory may become the VMs', and in which runs it is asked for. Pure. */
#ifndef VMNIX_SUPPLY_H
#define VMNIX_SUPPLY_H

#include "portable.h"

/* Pieces of the longest run that is looked for: 128 MiB, a memory section of Linux. */
#define VMNIX_SUPPLY_RUN 64u

struct vmnix_supply_run {
	uint32_t pieces;
	bool movable;  /* in ZONE_MOVABLE too */
	bool from_top; /* all memory above has been looked at for this length */
};

VMNIX_BEGIN_C
/*
 * Bytes that may be taken when the console has `total` and could do without `available`. What stays
 * is for its own work: buffers of network and disks, a login, the service, and the free pages into
 * which migration moves what was in the way.
 */
uint64_t vmnix_supply_most(uint64_t available, uint64_t total);

/*
 * What to look for, from the top of memory on, after a search went down to the bottom in vain.
 * Long runs first, all of memory for each length; ZONE_MOVABLE, which is there so that memory can
 * be unplugged, last. False: nothing is left to try.
 */
bool vmnix_supply_next(struct vmnix_supply_run *run);
VMNIX_END_C

#endif

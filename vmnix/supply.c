// SPDX-License-Identifier: GPL-2.0-only
#include "supply.h"

#define MARGIN_LEAST (64ull << 20)
#define MARGIN_SHIFT 5 /* 3 percent: buffers grow with the machine */

uint64_t vmnix_supply_most(uint64_t available, uint64_t total)
{
	uint64_t margin = MARGIN_LEAST + (total >> MARGIN_SHIFT);

	return available > margin ? available - margin : 0;
}

bool vmnix_supply_next(struct vmnix_supply_run *run)
{
	if (!run->from_top) {
		run->from_top = true;
		return true;
	}
	if (run->pieces > 1) {
		run->pieces /= 2;
		return true;
	}
	if (run->movable)
		return false;
	run->movable = true;
	run->pieces = VMNIX_SUPPLY_RUN;
	return true;
}

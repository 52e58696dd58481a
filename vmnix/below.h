/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMM under this Linux, as CPUID tells of it. */
#ifndef VMNIX_BELOW_H
#define VMNIX_BELOW_H

#include <linux/types.h>

struct vmnix_below {
	u32 abi, oldest; /* of hypercalls: what it speaks, and the oldest that it serves */
};

/* False: there is none of ours, perhaps another one. */
bool vmnix_below(struct vmnix_below *below);

#endif

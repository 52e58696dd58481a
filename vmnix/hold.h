/* SPDX-License-Identifier: GPL-2.0-only */
/* What a CPU's vendor makes of a switch, around the stub. */
#ifndef VMNIX_HOLD_H
#define VMNIX_HOLD_H

#include <linux/types.h>

/* What holding a CPU changed, per CPU. */
struct vmnix_hold {
	u64 efer;
	u64 host_save; /* AMD: VM_HSAVE_PA */
};

/*
 * Before a switch into the VMM, interrupts off. Where the CPU can, NMIs, SMIs and machine checks are
 * held off from here on; where it cannot, each side is ready for them at every instruction. `open` is
 * for tests of a way that does not end in a guest: nothing is held off even where it could be.
 */
void vmnix_hold(struct vmnix_hold *hold, bool open);

/* The reverse, on a CPU that is not (or no longer) a guest. What was held off arrives now. */
void vmnix_release(const struct vmnix_hold *hold);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that need free memory in the VMM: it is taken from Linux as far as that can spare it. */
#ifndef VMNIX_PROVIDE_H
#define VMNIX_PROVIDE_H

#include <linux/types.h>

struct vmnix;
struct vmnix_memory_info;

/* With -ENOMEM, in bytes. */
struct vmnix_shortage {
	u64 needed;    /* of Linux */
	u64 available; /* that could be had */
};

int vmnix_memory_read(struct vmnix *v, struct vmnix_memory_info *memory);

/*
 * For a call that answered -ENOMEM and how many free pieces it takes: it may be made again. The
 * caller holds v->vms.lock, and settles in the end: what was given in vain is in the VMM.
 */
int vmnix_provide(struct vmnix *v, u64 needed, struct vmnix_shortage *shortage);

/* Once is enough, unless the VMM learns on its way what more it takes. */
#define VMNIX_PROVIDE_ROUNDS 3

#endif

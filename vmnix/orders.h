/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls about VMs that change nothing here; vms.h has those after which memory moves. */
#ifndef VMNIX_ORDERS_H
#define VMNIX_ORDERS_H

#include <linux/types.h>

struct vmnix;

/* enum vmnix_vm_order */
int vmnix_order(struct vmnix *v, u32 id, u32 order);

/* *id becomes the next higher one; -ENOENT: there is none. */
int vmnix_orders_next(struct vmnix *v, u32 *id);

/* Removes those that were created and never started. */
void vmnix_orders_remove_unstarted(struct vmnix *v);

/* Runs or is paused. */
bool vmnix_orders_any_alive(struct vmnix *v);

/* Kills and removes all, as well as that goes in some seconds. Returns how many there were. */
unsigned int vmnix_orders_end_all(struct vmnix *v);

#endif

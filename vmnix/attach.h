/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * This module becomes the driver of a VMM that was there before this Linux. Until vmnix_attach()
 * nothing has changed for the VMM, and after a failure it and its VMs go on.
 */
#ifndef VMNIX_ATTACH_H
#define VMNIX_ATTACH_H

struct vmnix;

/* Judges, finds the CPUs, adopts the memory. From here on the VMM can be called. */
int vmnix_attach_begin(struct vmnix *v);

/* Leaves the VMM and gives its memory to Linux, or forgets both when v->detached. */
void vmnix_attach_undo(struct vmnix *v);

/*
 * Lends the VMM this module's switch stub, whose page is guarded from then on: so this is last,
 * and nothing fails after it.
 */
int vmnix_attach(struct vmnix *v);

/* For forced unloading: lets go of what a VMM that cannot be left has held. */
void vmnix_attach_end(struct vmnix *v);

#endif

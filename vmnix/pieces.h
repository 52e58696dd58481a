/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory for VMs on its way to the VMM and back: abi/hypercall/vm.h has the picture. The VMM says
 * what is free; a record of what it was given is kept for the day when there is no VMM to ask.
 * Callers hold v->vms.lock.
 */
#ifndef VMNIX_PIECES_H
#define VMNIX_PIECES_H

#include <linux/xarray.h>

#include "frames.h"

struct vmnix;

struct vmnix_pieces {
	struct xarray given;	    /* by piece number, address / VMNIX_PIECE_SIZE; enum piece_source */
	struct vmnix_search search; /* where the last one ended */
};

void vmnix_pieces_init(struct vmnix_pieces *pieces);

/*
 * Takes `count` pieces from Linux and gives them; *given of them were, also when it fails: -ENOMEM,
 * -EINTR (this task is being killed), -ENODEV (VMs are closed).
 */
int vmnix_pieces_give(struct vmnix *v, u64 count, u64 *given);

/* Until nothing is dirty, or as above; -EBUSY when a CPU does not let go of a piece. */
int vmnix_pieces_scrub(struct vmnix *v);

/*
 * Gives back to Linux whatever the VMM does not need. -EBUSY: there is more, but not now. Not to be
 * interrupted.
 */
int vmnix_pieces_drain(struct vmnix *v);

/* On the bare machine: what should have come back by a drain. Takes the lock itself. */
void vmnix_pieces_reclaim(struct vmnix *v);

/*
 * A piece that the VMM had before this Linux began, by its number. -EADDRNOTAVAIL: this Linux does
 * not have it reserved.
 */
int vmnix_pieces_adopt(struct vmnix *v, unsigned long piece);

/* The VMM keeps all. */
void vmnix_pieces_forget(struct vmnix *v);

#endif

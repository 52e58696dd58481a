/* SPDX-License-Identifier: GPL-2.0-only */
/* Which CPU of this Linux is which of a VMM's that numbered them before. */
#ifndef VMNIX_ATTACH_CPUS_H
#define VMNIX_ATTACH_CPUS_H

#include <linux/types.h>

struct vmnix;
struct vmnix_attach;

/*
 * Fills v->cpus and the CPUs' indices, offline CPUs too: they have to come back when the VMM is
 * left. A CPU of the VMM's that this Linux does not know is left out. -ENODEV: one is online of
 * which the VMM does not know.
 */
int vmnix_attach_cpus(struct vmnix *v, u32 count);

/* Where each CPU finds its registers after it has left. False: that makes no sense. */
bool vmnix_attach_pages(struct vmnix *v, const struct vmnix_attach *attach);

#endif

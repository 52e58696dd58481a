/* SPDX-License-Identifier: GPL-2.0-only */
/* Keeps the modules of other hypervisors from loading beside the VMM. */
#ifndef VMNIX_EXCLUSIVE_H
#define VMNIX_EXCLUSIVE_H

struct vmnix;

int vmnix_exclusive_start(struct vmnix *v);
void vmnix_exclusive_stop(struct vmnix *v);

#endif

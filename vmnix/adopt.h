/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory of a VMM that was there before this Linux: it can be freed here when it comes back. */
#ifndef VMNIX_ADOPT_H
#define VMNIX_ADOPT_H

struct vmnix;
struct vmnix_info;

/*
 * The arena and every piece of which the VMM says that it is not the console's. -EADDRNOTAVAIL:
 * this Linux has not kept it aside, as the loader of a console's package makes it do; then nothing
 * is adopted.
 */
int vmnix_adopt_memory(struct vmnix *v, const struct vmnix_info *info);

/* It is the VMM's, as it was. */
void vmnix_adopt_forget(struct vmnix *v);

#endif

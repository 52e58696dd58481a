/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMs that were created and not yet started, and the open file to which each belongs: whoever dies
 * half-way leaves none behind.
 */
#ifndef VMNIX_OWNERS_H
#define VMNIX_OWNERS_H

#include <linux/types.h>

struct device_file;
struct vmnix;

int vmnix_owners_add(u32 id, struct device_file *file);

/* Started or removed, by whichever file. */
void vmnix_owners_drop(u32 id);

/* Removes what belongs to the file. */
void vmnix_owners_release(struct vmnix *v, struct device_file *file);

#endif

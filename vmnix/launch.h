/* SPDX-License-Identifier: GPL-2.0-only */
/* Fills the arena with all that the VMM's first call needs. */
#ifndef VMNIX_LAUNCH_H
#define VMNIX_LAUNCH_H

#include "platform.h"
#include "vmnix.h"

/* The arena is reserved and the image checked. */
int vmnix_launch_prepare(struct vmnix *v, const struct vmnix_platform *platform);

/* After the launch, whatever became of it or of its preparation: frees what only it needed. */
void vmnix_launch_end(struct vmnix *v);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Fills the arena with all that the VMM's first call needs. */
#ifndef VMNIX_LAUNCH_H
#define VMNIX_LAUNCH_H

#include "platform.h"
#include "vmnix.h"

/* The arena is reserved and the image checked. */
int vmnix_launch_prepare(struct vmnix *v, const struct vmnix_platform *platform);

#endif

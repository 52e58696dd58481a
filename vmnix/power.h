/* SPDX-License-Identifier: GPL-2.0-only */
/* What happens when the machine is to restart, to go off or to sleep. */
#ifndef VMNIX_POWER_H
#define VMNIX_POWER_H

struct vmnix;

int vmnix_power_start(struct vmnix *v);
void vmnix_power_stop(struct vmnix *v);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/vmnix; abi/ioctl/ioctl.h is what programs see. */
#ifndef VMNIX_DEVICE_H
#define VMNIX_DEVICE_H

struct vmnix;

int vmnix_device_start(struct vmnix *v);

/* No new opens; files that are open answer ENODEV from now on. */
void vmnix_device_stop(struct vmnix *v);

/* For a module that is unloaded by force: its code can only go when nobody will come back to it. */
void vmnix_device_kill_openers(void);

#endif

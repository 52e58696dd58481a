/* SPDX-License-Identifier: GPL-2.0-only */
/* When and how often to try to leave. */
#ifndef VMNIX_LEAVE_H
#define VMNIX_LEAVE_H

struct vmnix;

/* Returns when the machine is bare, however long that takes: a module's exit has no way to fail. */
void vmnix_leave(struct vmnix *v);

/* Tries for some seconds; a machine that restarts anyway can do so as a guest. */
void vmnix_leave_for_reboot(struct vmnix *v);

#endif

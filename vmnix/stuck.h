/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMNIX_STUCK_H
#define VMNIX_STUCK_H

struct vmnix;

/*
 * The VMM's watchdog asks a CPU that takes no interrupts by an NMI where it is; the answer is among
 * the messages that the VMM keeps. Nothing of it without VMNIX_FEATURE_RESTART.
 */
int vmnix_stuck_start(struct vmnix *v);
void vmnix_stuck_stop(struct vmnix *v); /* also when it did not start */

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The interrupt by which the VMM tells that something happened: more log, a VM's output or end. */
#ifndef VMNIX_EVENT_H
#define VMNIX_EVENT_H

struct vmnix;

int vmnix_event_start(struct vmnix *v);
void vmnix_event_stop(struct vmnix *v);

#endif

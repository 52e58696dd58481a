/* SPDX-License-Identifier: GPL-2.0-only */
/* The three moments at which CPUs change hands: initialise, enter, leave. */
#ifndef VMNIX_HANDOVER_H
#define VMNIX_HANDOVER_H

#include "abi/handover/handover.h"

struct vmnix;

/* VMNIX_CALL_INIT on this CPU, the others run on. Returns an errno and logs why. */
int vmnix_handover_init(struct vmnix *v);

/* VMNIX_CALL_ENTER on all CPUs, stopped. 0: this is a guest now. Otherwise nothing has changed. */
int vmnix_handover_enter(struct vmnix *v);

/*
 * All CPUs bare again, or an errno and all of them guests as before. Brings launched CPUs online
 * that are not.
 */
int vmnix_handover_leave(struct vmnix *v);

#endif

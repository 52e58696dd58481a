/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables in each CPU's page that are in force while the CPU passes between Linux and the VMM;
 * abi/handover/handover.h says why, switch.S has the handlers.
 */
#ifndef VMNIX_EARLY_H
#define VMNIX_EARLY_H

#include "portable.h"
#include "abi/handover/handover.h"

VMNIX_BEGIN_C
/* `va` is where both sides will have the page; the others are addresses of handlers in the stub. */
void vmnix_early_fill(struct vmnix_handover_cpu *page, uint64_t va, uint64_t nmi,
		      uint64_t machine_check);
VMNIX_END_C

#endif

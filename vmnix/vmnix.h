/* SPDX-License-Identifier: GPL-2.0-only */
/* The module's whole state, and the stages that build it up and take it down. */
#ifndef VMNIX_VMNIX_H
#define VMNIX_VMNIX_H

#include <linux/cpumask.h>
#include <linux/types.h>

#include "abi/handover/handover.h"
#include "abi/ioctl/ioctl.h"
#include "image.h"
#include "reserve.h"
#include "svm.h"

/* Module parameters; see main.c. */
struct vmnix_options {
	char *image;
	unsigned int timeout_ms;
	unsigned int fault_step, fault_cpu, fault_mode;
	bool test;
};

/* One launched CPU. Outside of the arena, because Linux as a guest cannot reach that. */
struct vmnix_cpu {
	struct vmnix_handover_cpu *page; /* NULL: not launched. In the arena: not to be touched while a guest */
	struct vmnix_hold hold;
	u64 irq_off_tsc, resumed_tsc;
	int status; /* of the last switch: enum vmnix_status, or a negative VMNIX_HC_E* */
};

struct vmnix {
	struct vmnix_options options;
	struct vmnix_facts *facts;
	struct vmnix_image image;
	struct vmnix_arena arena;
	struct vmnix_handover *handover; /* in the arena */
	struct cpumask cpus;		 /* that are, or will be, the VMM's */
	bool launched;
	char version[24];
	struct vmnix_launch_record record;
};

extern struct vmnix vmnix;
DECLARE_PER_CPU(struct vmnix_cpu, vmnix_cpus);

#endif

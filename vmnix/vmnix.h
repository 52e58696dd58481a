/* SPDX-License-Identifier: GPL-2.0-only */
/* The module's whole state, in one place. */
#ifndef VMNIX_VMNIX_H
#define VMNIX_VMNIX_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "abi/handover/handover.h"
#include "abi/ioctl/ioctl.h"
#include "hold.h"
#include "image.h"
#include "pieces.h"
#include "reserve.h"
#include "vms.h"

/* Module parameters; see main.c. */
struct vmnix_options {
	char *image;
	unsigned int timeout_ms;
	unsigned int fault_step, fault_cpu, fault_mode;
	bool force, test;
};

/* One launched CPU. Outside of the arena, because Linux as a guest cannot reach that. */
struct vmnix_cpu {
	/* NULL: not launched. In the arena: not to be touched while a guest. */
	struct vmnix_handover_cpu *page;
	u32 index; /* the VMM's number of it */
	struct vmnix_hold hold;
	u64 irq_off_tsc, resumed_tsc;
	int status; /* of the last switch: enum vmnix_status, or a negative VMNIX_HC_E* */
};

struct vmnix {
	struct vmnix_options options;
	struct vmnix_image image; /* only while launching */
	struct vmnix_arena arena;
	struct vmnix_handover *handover; /* in the arena; not of a VMM that was there before */
	void *early; /* only while launching: the CPUs' pages where the VMM has them, too */
	struct cpumask cpus;		 /* that are, or will be, the VMM's */
	struct rw_semaphore gate;	 /* held for writing while `launched` changes */
	bool launched;
	u64 features; /* of the VMM: VMNIX_FEATURE_* */
	/* This module goes, the VMM does not: nothing is ended, nothing comes back. */
	bool detached;
	atomic_t events; /* how often something happened: log, a VM's output or end, the VMM's */
	wait_queue_head_t event_wait;
	struct vmnix_pieces pieces;
	struct vmnix_vms vms;
	u64 stopped_tsc; /* of the last handover or leave */
	char version[24];
	struct vmnix_launch_record record;
};

extern struct vmnix vmnix;
DECLARE_PER_CPU(struct vmnix_cpu, vmnix_cpus);

/* How long the last switch of all CPUs took. */
u64 vmnix_stopped_us(const struct vmnix *v);

#endif

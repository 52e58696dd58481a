// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/delay.h>
#include <linux/printk.h>

#include "event.h"
#include "handover.h"
#include "last_words.h"
#include "leave.h"
#include "stuck.h"
#include "orders.h"
#include "vmnix.h"

#define REBOOT_TRIES 5
#define TRIES_PER_MESSAGE 30

/* 0, also when there is nothing to leave. */
static int try_leave(struct vmnix *v)
{
	int ret = 0;

	down_write(&v->gate);
	if (v->launched)
		ret = vmnix_handover_leave(v);
	if (!ret)
		WRITE_ONCE(v->launched, false);
	up_write(&v->gate);
	return ret;
}

/* Whoever waits for something to happen waits in vain. */
static void wake_waiters(struct vmnix *v)
{
	atomic_inc(&v->events);
	wake_up_all(&v->event_wait);
}

/* The VMM has this machine still, and this module no more to do with it. */
static void let_go(struct vmnix *v)
{
	down_write(&v->gate);
	WRITE_ONCE(v->launched, false);
	up_write(&v->gate);
	wake_waiters(v);
	pr_warn("the VMM goes on without a driver in this console\n");
}

void vmnix_leave(struct vmnix *v)
{
	unsigned int tries = 0;

	if (!v->launched)
		return;
	if (v->detached) {
		let_go(v);
		return;
	}
	while (try_leave(v)) {
		if (!(tries++ % TRIES_PER_MESSAGE))
			pr_warn("still under the VMM, trying again every second\n");
		ssleep(1);
		vmnix_orders_end_all(v); /* with one it would never let go */
	}
	wake_waiters(v);
	vmnix_pieces_reclaim(v);
	pr_info("Linux runs on the bare machine again, stopped for %llu us\n",
		vmnix_stopped_us(v));
}

void vmnix_leave_for_reboot(struct vmnix *v)
{
	unsigned int tries = 0;
	int ret;

	if (!v->launched)
		return;
	if (v->detached) {
		pr_warn("the machine ends under the VMM, which this console cannot leave\n");
		return;
	}
	vmnix_stuck_stop(v); /* it asks the VMM */
	vmnix_last_words_stop(v);
	vmnix_event_stop(v);
	vmnix_vms_close(v);
	while ((ret = try_leave(v)) && ++tries < REBOOT_TRIES)
		ssleep(1);
	if (ret) {
		pr_err("the machine ends under the VMM (error %d)\n", ret);
		return;
	}
	wake_waiters(v);
	vmnix_pieces_reclaim(v);
	pr_info("left the VMM before the machine ends\n");
	vmnix_arena_release(&v->arena); /* the next kernel finds it scrubbed */
}

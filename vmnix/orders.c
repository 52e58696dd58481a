// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>

#include "call.h"
#include "orders.h"

#define END_TIME (5 * HZ)

int vmnix_order(struct vmnix *v, u32 id, u32 order)
{
	struct vmnix_registers call;
	int ret;

	do {
		call = (struct vmnix_registers){ .rax = VMNIX_HC_VM_ORDER, .rdi = id, .rsi = order };
		ret = vmnix_call(v, &call);
		cond_resched();
	} while (ret == -EAGAIN && !fatal_signal_pending(current));
	return ret;
}

int vmnix_orders_next(struct vmnix *v, u32 *id)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_VM_NEXT, .rdi = *id };
	int ret = vmnix_call(v, &call);

	if (ret)
		return ret;
	if (call.rdi <= *id || call.rdi > U32_MAX)
		return -EIO;
	*id = call.rdi;
	return 0;
}

/* One attempt at each. Returns how many are left, *found how many there were. */
static unsigned int end_each(struct vmnix *v, unsigned int *found)
{
	unsigned int left = 0;
	u32 id = 0;
	int ret;

	for (*found = 0; !vmnix_orders_next(v, &id); (*found)++) {
		vmnix_order(v, id, VMNIX_VM_KILL); /* refused when it has ended or not begun */
		ret = vmnix_order(v, id, VMNIX_VM_REMOVE);
		left += ret && ret != -ENOENT;
	}
	return left;
}

unsigned int vmnix_orders_end_all(struct vmnix *v)
{
	unsigned long end = jiffies + END_TIME;
	unsigned int found, left, ignored;

	left = end_each(v, &found);
	while (left && time_before(jiffies, end)) {
		msleep(10); /* a CPU that runs one has to leave it first */
		left = end_each(v, &ignored);
	}
	if (left)
		pr_err("%u VMs do not end\n", left);
	return found;
}

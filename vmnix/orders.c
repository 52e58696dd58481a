// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

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

/*
 * Calls `found` for each VM with its state until it returns true; so does this. In doubt about a
 * state the VM runs.
 */
static bool find_state(struct vmnix *v, bool (*found)(struct vmnix *v, u32 id, u32 state))
{
	/* Not on the stack: that has no physical address. */
	struct vmnix_vm_info *info = kzalloc(sizeof(*info), GFP_KERNEL);
	struct vmnix_registers call;
	bool ret = false;
	u32 id = 0;

	if (!info)
		return true;
	while (!ret && !vmnix_orders_next(v, &id)) {
		info->state = VMNIX_VM_STATE_RUNNING;
		call = (struct vmnix_registers){ .rax = VMNIX_HC_VM_INFO,
						 .rdi = id,
						 .rsi = __pa(info),
						 .rdx = sizeof(*info) };
		ret = vmnix_call(v, &call) != -ENOENT && found(v, id, info->state);
	}
	kfree(info);
	return ret;
}

static bool remove_unstarted(struct vmnix *v, u32 id, u32 state)
{
	if (state == VMNIX_VM_STATE_CREATED)
		vmnix_order(v, id, VMNIX_VM_REMOVE);
	return false;
}

void vmnix_orders_remove_unstarted(struct vmnix *v)
{
	find_state(v, remove_unstarted);
}

static bool is_alive(struct vmnix *v, u32 id, u32 state)
{
	return state != VMNIX_VM_STATE_CREATED && state != VMNIX_VM_STATE_ENDED;
}

bool vmnix_orders_any_alive(struct vmnix *v)
{
	return find_state(v, is_alive);
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

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMM is the authority on VMs, and removes some by itself. So nothing is counted here: after
 * whatever may have changed something, the VMM is asked how many VMs there are, and drained of what
 * it does not need. That is called settling.
 */
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/timekeeping.h>

#include "call.h"
#include "orders.h"
#include "provide.h"
#include "vms.h"
#include "vmnix.h"

#define EVENT_DELAY (HZ / 20) /* many events, one look */
#define BUSY_DELAY HZ

static void settle_later(struct vmnix *v, unsigned long delay)
{
	if (READ_ONCE(v->vms.open))
		queue_delayed_work(system_unbound_wq, &v->vms.settle, delay);
}

/* In doubt there are. */
static bool has_vms(struct vmnix *v)
{
	struct vmnix_memory_info memory;
	int ret = vmnix_memory_read(v, &memory);

	if (ret == -ENODEV || ret == -EOPNOTSUPP)
		return false;
	return ret || memory.vms;
}

static void settle_locked(struct vmnix *v)
{
	/* Before the drain: what goes after this look comes with an event of its own. */
	bool none = !has_vms(v);

	if (vmnix_pieces_drain(v) == -EBUSY)
		settle_later(v, BUSY_DELAY);
	if (none && v->vms.holding) {
		WRITE_ONCE(v->vms.holding, false);
		module_put(THIS_MODULE);
	}
}

/* Whoever has the lock may be at it for seconds. */
void vmnix_vms_settle(struct vmnix *v)
{
	if (!mutex_trylock(&v->vms.lock)) {
		settle_later(v, 0);
		return;
	}
	settle_locked(v);
	mutex_unlock(&v->vms.lock);
}

static void settle_work(struct work_struct *work)
{
	struct vmnix *v = container_of(to_delayed_work(work), struct vmnix, vms.settle);

	mutex_lock(&v->vms.lock);
	settle_locked(v);
	mutex_unlock(&v->vms.lock);
}

void vmnix_vms_event(struct vmnix *v)
{
	if (READ_ONCE(v->vms.holding))
		settle_later(v, EVENT_DELAY);
}

static int try_to_create(struct vmnix *v, struct vmnix_vm_create *create, u64 *result)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_VM_CREATE,
					.rdi = __pa(&create->config),
					.rsi = sizeof(create->config) };
	int ret;

	create->config.epoch = ktime_get_real_ns();
	ret = vmnix_call(v, &call);
	*result = call.rdi;
	return ret;
}

static int create_locked(struct vmnix *v, struct vmnix_vm_create *create)
{
	struct vmnix_shortage shortage = { };
	unsigned int round = 0;
	u64 result;
	int ret;

	while ((ret = try_to_create(v, create, &result)) == -ENOMEM &&
	       round++ < VMNIX_PROVIDE_ROUNDS) {
		ret = vmnix_provide(v, result, &shortage);
		if (ret)
			break;
	}
	create->needed = shortage.needed;
	create->available = shortage.available;
	if (!ret)
		create->id = result;
	return ret;
}

/* This module stays while there are VMs; settling lets it go. */
static void hold(struct vmnix *v)
{
	if (!v->vms.holding)
		__module_get(THIS_MODULE);
	WRITE_ONCE(v->vms.holding, true);
}

int vmnix_vms_create(struct vmnix *v, struct vmnix_vm_create *create)
{
	int ret = -ENODEV;

	create->needed = create->available = create->id = 0;
	if (mutex_lock_killable(&v->vms.lock))
		return -EINTR;
	if (v->vms.open) {
		hold(v);
		ret = create_locked(v, create);
		settle_locked(v);
	}
	mutex_unlock(&v->vms.lock);
	return ret;
}

int vmnix_vms_order(struct vmnix *v, u32 id, u32 order)
{
	int ret = vmnix_order(v, id, order);

	if (!ret && order == VMNIX_VM_REMOVE)
		vmnix_vms_settle(v);
	return ret;
}

void vmnix_vms_init(struct vmnix *v)
{
	mutex_init(&v->vms.lock);
	INIT_DELAYED_WORK(&v->vms.settle, settle_work);
	vmnix_pieces_init(&v->pieces);
}

int vmnix_vms_start(struct vmnix *v)
{
	v->vms.open = true;
	return 0;
}

int vmnix_vms_adopt(struct vmnix *v)
{
	mutex_lock(&v->vms.lock);
	hold(v);
	/* Whoever created them and had not started them died with the console before. */
	vmnix_orders_remove_unstarted(v);
	settle_locked(v);
	mutex_unlock(&v->vms.lock);
	return 0;
}

bool vmnix_vms_outlive_us(struct vmnix *v)
{
	return v->features & VMNIX_FEATURE_RESTART && vmnix_orders_any_alive(v);
}

/* All that was given comes free, so that the VMM can be left. */
static void end_all(struct vmnix *v)
{
	struct vmnix_registers drop = { .rax = VMNIX_HC_PACKAGE_DROP };
	unsigned int ended = vmnix_orders_end_all(v);

	if (ended)
		pr_warn("%u VMs ended with the VMM\n", ended);
	if (v->features & VMNIX_FEATURE_RESTART)
		vmnix_call(v, &drop);
	vmnix_pieces_drain(v);
}

void vmnix_vms_close(struct vmnix *v)
{
	/* First without the lock: a program that is creating one leaves off. */
	WRITE_ONCE(v->vms.open, false);
	mutex_lock(&v->vms.lock);
	if (!v->detached)
		end_all(v);
	if (v->vms.holding)
		module_put(THIS_MODULE);
	WRITE_ONCE(v->vms.holding, false);
	mutex_unlock(&v->vms.lock);
	cancel_delayed_work_sync(&v->vms.settle);
}

void vmnix_vms_finish(struct vmnix *v)
{
	cancel_delayed_work_sync(&v->vms.settle);
}

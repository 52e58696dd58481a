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
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "call.h"
#include "orders.h"
#include "supply.h"
#include "vms.h"
#include "vmnix.h"

#define SUPPLY_ROUNDS 3 /* once is enough, unless the VMM learns on its way what more it takes */
#define EVENT_DELAY (HZ / 20) /* many events, one look */
#define BUSY_DELAY HZ

static int read_memory(struct vmnix *v, struct vmnix_memory_info *memory)
{
	/* Not on the stack: that has no physical address. */
	struct vmnix_memory_info *buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);
	struct vmnix_registers call = { .rax = VMNIX_HC_MEMORY, .rsi = sizeof(*buffer) };
	int ret;

	if (!buffer)
		return -ENOMEM;
	call.rdi = __pa(buffer);
	ret = vmnix_call(v, &call);
	*memory = *buffer;
	kfree(buffer);
	return ret;
}

static void settle_later(struct vmnix *v, unsigned long delay)
{
	if (READ_ONCE(v->vms.open))
		queue_delayed_work(system_unbound_wq, &v->vms.settle, delay);
}

/* In doubt there are. */
static bool has_vms(struct vmnix *v)
{
	struct vmnix_memory_info memory;
	int ret = read_memory(v, &memory);

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
static void settle(struct vmnix *v)
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

/* Makes `needed` pieces free in the VMM, or says in `create` what is missing. */
static int supply(struct vmnix *v, u64 needed, struct vmnix_vm_create *create)
{
	struct vmnix_memory_info memory;
	u64 have, given;
	int ret;

	if (needed > U64_MAX / VMNIX_PIECE_SIZE)
		return -EIO;
	ret = vmnix_pieces_scrub(v);
	if (!ret)
		ret = read_memory(v, &memory);
	if (ret)
		return ret;
	have = memory.free / VMNIX_PIECE_SIZE;
	needed = needed > have ? needed - have : 0;
	create->needed = needed * VMNIX_PIECE_SIZE;
	create->available = vmnix_supply_most((u64)si_mem_available() << PAGE_SHIFT,
					      (u64)totalram_pages() << PAGE_SHIFT);
	if (create->needed > create->available)
		return -ENOMEM;
	ret = vmnix_pieces_give(v, needed, &given);
	if (ret == -ENOMEM)
		create->available = given * VMNIX_PIECE_SIZE;
	return ret ?: vmnix_pieces_scrub(v);
}

static int create_locked(struct vmnix *v, struct vmnix_vm_create *create)
{
	struct vmnix_registers call;
	unsigned int round;
	int ret;

	for (round = 0;; round++) {
		create->config.epoch = ktime_get_real_ns();
		call = (struct vmnix_registers){ .rax = VMNIX_HC_VM_CREATE,
						 .rdi = __pa(&create->config),
						 .rsi = sizeof(create->config) };
		ret = vmnix_call(v, &call);
		if (!ret)
			create->id = call.rdi;
		if (ret != -ENOMEM || round == SUPPLY_ROUNDS)
			return ret;
		ret = supply(v, call.rdi, create);
		if (ret)
			return ret;
	}
}

int vmnix_vms_create(struct vmnix *v, struct vmnix_vm_create *create)
{
	int ret = -ENODEV;

	create->needed = create->available = create->id = 0;
	if (mutex_lock_killable(&v->vms.lock))
		return -EINTR;
	if (v->vms.open) {
		if (!v->vms.holding)
			__module_get(THIS_MODULE);
		WRITE_ONCE(v->vms.holding, true);
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
		settle(v);
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

void vmnix_vms_close(struct vmnix *v)
{
	unsigned int ended;

	/* First without the lock: a program that is creating one leaves off. */
	WRITE_ONCE(v->vms.open, false);
	mutex_lock(&v->vms.lock);
	ended = vmnix_orders_end_all(v);
	if (ended)
		pr_warn("%u VMs ended with the VMM\n", ended);
	vmnix_pieces_drain(v);
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

// SPDX-License-Identifier: GPL-2.0-only
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "abi/ioctl/ioctl.h"
#include "call.h"
#include "package.h"
#include "provide.h"
#include "vmnix.h"

/* The VMM takes the bytes of one package at a time. */
static DEFINE_MUTEX(package_lock);

static int try_to_begin(struct vmnix *v, struct vmnix_package_load *load, u64 *result)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_PACKAGE_BEGIN,
					.rdi = __pa(&load->package),
					.rsi = sizeof(load->package) };
	int ret = vmnix_call(v, &call);

	*result = call.rdi;
	return ret;
}

static int begin_locked(struct vmnix *v, struct vmnix_package_load *load)
{
	struct vmnix_shortage shortage = { };
	unsigned int round = 0;
	u64 result;
	int ret;

	while ((ret = try_to_begin(v, load, &result)) == -ENOMEM &&
	       round++ < VMNIX_PROVIDE_ROUNDS) {
		ret = vmnix_provide(v, result, &shortage);
		if (ret)
			break;
	}
	load->needed = shortage.needed;
	load->available = shortage.available;
	return ret;
}

static int begin(struct vmnix *v, struct vmnix_package_load *load)
{
	int ret = -ENODEV;

	if (mutex_lock_killable(&v->vms.lock))
		return -EINTR;
	if (v->vms.open)
		ret = begin_locked(v, load);
	mutex_unlock(&v->vms.lock);
	return ret;
}

static int write_page(struct vmnix *v, u64 offset, void *page, const void __user *from)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_PACKAGE_WRITE,
					.rdi = offset,
					.rsi = __pa(page) };

	if (copy_from_user(page, from, PAGE_SIZE))
		return -EFAULT;
	return vmnix_call(v, &call);
}

static int write_all(struct vmnix *v, const struct vmnix_package_load *load)
{
	void *page = (void *)__get_free_page(GFP_KERNEL);
	u64 offset;
	int ret = 0;

	if (!page)
		return -ENOMEM;
	for (offset = 0; offset < load->package.bytes && !ret; offset += PAGE_SIZE) {
		ret = write_page(v, offset, page, u64_to_user_ptr(load->from + offset));
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	free_page((unsigned long)page);
	return ret;
}

static int load_locked(struct vmnix *v, struct vmnix_package_load *load)
{
	struct vmnix_registers seal = { .rax = VMNIX_HC_PACKAGE_SEAL };
	int ret = begin(v, load), sealed;

	if (ret)
		return ret;
	ret = write_all(v, load);
	/* Too early after a failure: the VMM refuses, and does not wait for the rest any more. */
	sealed = vmnix_call(v, &seal);
	return ret ?: sealed;
}

int vmnix_package_load(struct vmnix *v, struct vmnix_package_load *load)
{
	int ret;

	load->needed = load->available = 0;
	if (mutex_lock_killable(&package_lock))
		return -EINTR;
	ret = load_locked(v, load);
	mutex_unlock(&package_lock);
	/* The memory of the one before, or what was given in vain. */
	vmnix_vms_settle(v);
	return ret;
}

int vmnix_package_drop(struct vmnix *v)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_PACKAGE_DROP };
	int ret = vmnix_call(v, &call);

	vmnix_vms_settle(v);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The console's own life. What decides about it takes the right to reboot, what reads its kernel's
 * messages the right to do that, whoever may open the device.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "abi/ioctl/ioctl.h"
#include "call.h"
#include "device_file.h"
#include "package.h"

int vmnix_ioctl_package_load(struct device_file *file, void __user *user)
{
	struct vmnix_package_load __user *from = user;
	struct vmnix_package_load *load;
	int ret;

	BUILD_BUG_ON(sizeof(*load) > PAGE_SIZE);
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	load = kzalloc(sizeof(*load), GFP_KERNEL);
	if (!load)
		return -ENOMEM;
	ret = get_user(load->from, &from->from);
	if (!ret)
		ret = vmnix_device_read_sized(&load->package, sizeof(load->package),
					      &from->package);
	if (!ret)
		ret = vmnix_package_load(&vmnix, load);
	if (ret == -ENOMEM && copy_to_user(from, load, offsetof(struct vmnix_package_load, from)))
		ret = -EFAULT;
	kfree(load);
	return ret;
}

int vmnix_ioctl_package_drop(struct device_file *file, void __user *unused)
{
	return capable(CAP_SYS_BOOT) ? vmnix_package_drop(&vmnix) : -EPERM;
}

int vmnix_ioctl_console_info(struct device_file *file, void __user *user)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_CONSOLE_INFO, .rdi = __pa(file->page) };
	struct vmnix_console_info __user *info = user;
	u32 size;

	if (get_user(size, &info->size))
		return -EFAULT;
	call.rsi = min_t(u32, size, PAGE_SIZE);
	return vmnix_device_fill(file, &call, info, call.rsi);
}

int vmnix_ioctl_console_set(struct device_file *file, void __user *user)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_CONSOLE_SET };
	struct vmnix_console_policy *policy;
	int ret;

	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	policy = kzalloc(sizeof(*policy), GFP_KERNEL);
	if (!policy)
		return -ENOMEM;
	ret = vmnix_device_read_sized(policy, sizeof(*policy), user);
	if (!ret) {
		call.rdi = __pa(policy);
		call.rsi = sizeof(*policy);
		ret = vmnix_call(&vmnix, &call);
	}
	kfree(policy);
	return ret;
}

int vmnix_ioctl_console_order(struct device_file *file, void __user *user)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_CONSOLE_END };
	struct vmnix_console_order *order;
	int ret = -EINVAL;

	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	order = memdup_user(user, sizeof(*order));
	if (IS_ERR(order))
		return PTR_ERR(order);
	if (order->end == VMNIX_END_ORDER && !order->reserved) {
		call.rdi = order->end;
		call.rdx = strnlen(order->text, sizeof(order->text));
		if (call.rdx)
			call.rsi = __pa(order->text);
		ret = vmnix_call(&vmnix, &call);
	}
	kfree(order);
	return ret;
}

int vmnix_ioctl_console_log(struct device_file *file, void __user *user)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_CONSOLE_LOG_READ,
					.rdi = __pa(file->page) };
	struct vmnix_console_log log;
	int ret;

	if (!capable(CAP_SYSLOG))
		return -EPERM;
	if (copy_from_user(&log, user, sizeof(log)))
		return -EFAULT;
	if (!log.bytes || log.reserved)
		return -EINVAL;
	call.rsi = min_t(u32, log.bytes, PAGE_SIZE);
	call.rdx = log.position;
	ret = vmnix_device_read_page(file, &call, u64_to_user_ptr(log.buffer), &log.bytes);
	log.position = call.rsi;
	if (!ret && copy_to_user(user, &log, sizeof(log)))
		ret = -EFAULT;
	return ret;
}

int vmnix_ioctl_console_beat(struct device_file *file, void __user *user)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_CONSOLE_BEAT };
	struct vmnix_beat beat;

	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if (copy_from_user(&beat, user, sizeof(beat)))
		return -EFAULT;
	if (beat.reserved)
		return -EINVAL;
	call.rdi = beat.milliseconds;
	return vmnix_call(&vmnix, &call);
}

int vmnix_ioctl_pieces(struct device_file *file, void __user *user)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_PIECES };
	struct vmnix_pieces_query query;
	int ret;

	if (copy_from_user(&query, user, sizeof(query)))
		return -EFAULT;
	call.rdi = query.base;
	ret = vmnix_call(&vmnix, &call);
	query.base = call.rdi;
	query.size = call.rsi;
	if (!ret && copy_to_user(user, &query, sizeof(query)))
		ret = -EFAULT;
	return ret;
}

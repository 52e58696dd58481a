// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "abi/ioctl/ioctl.h"
#include "call.h"
#include "device_file.h"

/* `call` fills a structure of at most `size` bytes in the page; copies out what the VMM filled. */
static int call_and_copy(struct device_file *file, struct vmnix_registers *call, void __user *to,
			 u32 size)
{
	int ret;

	if (!size)
		return -EINVAL;
	size = min_t(u32, size, PAGE_SIZE);
	mutex_lock(&file->lock);
	memset(file->page, 0, PAGE_SIZE);
	call->rdi = __pa(file->page);
	call->rsi = size;
	ret = vmnix_call(&vmnix, call);
	if (!ret && copy_to_user(to, file->page, min_t(u64, call->rdi, size)))
		ret = -EFAULT;
	mutex_unlock(&file->lock);
	return ret;
}

static int ioctl_info(struct device_file *file, struct vmnix_info __user *info)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_INFO };
	u32 size;

	if (get_user(size, &info->size))
		return -EFAULT;
	return call_and_copy(file, &call, info, size);
}

static int ioctl_stats(struct device_file *file, struct vmnix_stats_query __user *query)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_CPU_STATS };
	u32 vcpu, reserved, size;

	if (get_user(vcpu, &query->vcpu) || get_user(reserved, &query->reserved) ||
	    get_user(size, &query->stats.size))
		return -EFAULT;
	if (reserved)
		return -EINVAL;
	call.rdx = vcpu;
	return call_and_copy(file, &call, &query->stats, size);
}

static int ioctl_launch(struct vmnix_launch_record __user *record)
{
	struct vmnix_launch_record copy = vmnix.record;
	u32 size;

	if (get_user(size, &record->size))
		return -EFAULT;
	if (!size)
		return -EINVAL;
	copy.size = min_t(u32, size, sizeof(copy));
	return copy_to_user(record, &copy, copy.size) ? -EFAULT : 0;
}

/*
 * A call as a test wants it, with the VMM's own result in rax. Leaving is not for here: it comes
 * back through the switch stub. A page of the kernel's is as good an address as any to whoever may
 * do this.
 */
static int ioctl_hypercall(struct vmnix_raw_hypercall __user *raw)
{
	struct vmnix_raw_hypercall copy;
	struct vmnix_registers call;
	int ret;

	if (!vmnix.options.test || !capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (copy_from_user(&copy, raw, sizeof(copy)))
		return -EFAULT;
	if (copy.rax == VMNIX_HC_LEAVE)
		return -EPERM;
	call = (struct vmnix_registers){ copy.rax, copy.rdi, copy.rsi, copy.rdx };
	ret = vmnix_call(&vmnix, &call);
	if (ret == -ENODEV)
		return ret;
	copy = (struct vmnix_raw_hypercall){ call.rax, call.rdi, call.rsi, call.rdx };
	return copy_to_user(raw, &copy, sizeof(copy)) ? -EFAULT : 0;
}

/*
 * By number, not by the whole command: structures grow, and `size` in them says how much a program
 * knows of.
 */
long vmnix_device_ioctl(struct file *filp, unsigned int command, unsigned long argument)
{
	void __user *user = (void __user *)argument;

	if (_IOC_TYPE(command) != _IOC_TYPE(VMNIX_IOC_INFO) ||
	    _IOC_DIR(command) != _IOC_DIR(VMNIX_IOC_INFO))
		return -ENOTTY;
	if (!READ_ONCE(vmnix.launched))
		return -ENODEV;
	switch (_IOC_NR(command)) {
	case _IOC_NR(VMNIX_IOC_INFO):
		return ioctl_info(filp->private_data, user);
	case _IOC_NR(VMNIX_IOC_STATS):
		return ioctl_stats(filp->private_data, user);
	case _IOC_NR(VMNIX_IOC_LAUNCH):
		return ioctl_launch(user);
	case _IOC_NR(VMNIX_IOC_HYPERCALL):
		return ioctl_hypercall(user);
	default:
		return -ENOTTY;
	}
}

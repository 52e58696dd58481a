// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "abi/ioctl/ioctl.h"
#include "call.h"
#include "device_file.h"

int vmnix_device_fill(struct device_file *file, struct vmnix_registers *call, void __user *to,
		      u64 room)
{
	int ret;

	if (!room)
		return -EINVAL;
	mutex_lock(&file->lock);
	memset(file->page, 0, PAGE_SIZE);
	ret = vmnix_call(&vmnix, call);
	if (!ret && copy_to_user(to, file->page, min_t(u64, call->rdi, room)))
		ret = -EFAULT;
	mutex_unlock(&file->lock);
	return ret;
}

static int ioctl_info(struct device_file *file, void __user *user)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_INFO, .rdi = __pa(file->page) };
	struct vmnix_info __user *info = user;
	u32 size;

	if (get_user(size, &info->size))
		return -EFAULT;
	call.rsi = min_t(u32, size, PAGE_SIZE);
	return vmnix_device_fill(file, &call, info, call.rsi);
}

static int ioctl_stats(struct device_file *file, void __user *user)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_CPU_STATS, .rdi = __pa(file->page) };
	struct vmnix_stats_query __user *query = user;
	u32 vcpu, reserved, size;

	if (get_user(vcpu, &query->vcpu) || get_user(reserved, &query->reserved) ||
	    get_user(size, &query->stats.size))
		return -EFAULT;
	if (reserved)
		return -EINVAL;
	call.rsi = min_t(u32, size, PAGE_SIZE);
	call.rdx = vcpu;
	return vmnix_device_fill(file, &call, &query->stats, call.rsi);
}

static int ioctl_launch(struct device_file *file, void __user *user)
{
	struct vmnix_launch_record __user *record = user;
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
static int ioctl_hypercall(struct device_file *file, void __user *raw)
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
static int (*const ioctls[])(struct device_file *file, void __user *user) = {
	[_IOC_NR(VMNIX_IOC_INFO)] = ioctl_info,
	[_IOC_NR(VMNIX_IOC_STATS)] = ioctl_stats,
	[_IOC_NR(VMNIX_IOC_LAUNCH)] = ioctl_launch,
	[_IOC_NR(VMNIX_IOC_HYPERCALL)] = ioctl_hypercall,
	[_IOC_NR(VMNIX_IOC_MEMORY)] = vmnix_ioctl_memory,
	[_IOC_NR(VMNIX_IOC_VM_CREATE)] = vmnix_ioctl_vm_create,
	[_IOC_NR(VMNIX_IOC_VM_WRITE)] = vmnix_ioctl_vm_write,
	[_IOC_NR(VMNIX_IOC_VM_START)] = vmnix_ioctl_vm_start,
	[_IOC_NR(VMNIX_IOC_VM_CONTROL)] = vmnix_ioctl_vm_control,
	[_IOC_NR(VMNIX_IOC_VM_SET)] = vmnix_ioctl_vm_set,
	[_IOC_NR(VMNIX_IOC_VM_INFO)] = vmnix_ioctl_vm_info,
	[_IOC_NR(VMNIX_IOC_VM_NEXT)] = vmnix_ioctl_vm_next,
	[_IOC_NR(VMNIX_IOC_VM_DEFINITION)] = vmnix_ioctl_vm_definition,
	[_IOC_NR(VMNIX_IOC_VM_WORLD)] = vmnix_ioctl_vm_world,
	[_IOC_NR(VMNIX_IOC_VM_CONSOLE_READ)] = vmnix_ioctl_vm_console_read,
	[_IOC_NR(VMNIX_IOC_VM_CONSOLE_WRITE)] = vmnix_ioctl_vm_console_write,
	[_IOC_NR(VMNIX_IOC_WAIT)] = vmnix_ioctl_wait,
};

long vmnix_device_ioctl(struct file *filp, unsigned int command, unsigned long argument)
{
	unsigned int number = _IOC_NR(command);

	if (_IOC_TYPE(command) != _IOC_TYPE(VMNIX_IOC_INFO) ||
	    _IOC_DIR(command) != _IOC_DIR(VMNIX_IOC_INFO) || number >= ARRAY_SIZE(ioctls))
		return -ENOTTY;
	number = array_index_nospec(number, ARRAY_SIZE(ioctls));
	if (!ioctls[number])
		return -ENOTTY;
	if (!READ_ONCE(vmnix.launched))
		return -ENODEV;
	return ioctls[number](filp->private_data, (void __user *)argument);
}

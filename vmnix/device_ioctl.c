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

int vmnix_device_read_sized(void *to, u32 known, const void __user *from)
{
	u32 size;
	int ret;

	if (get_user(size, (const u32 __user *)from))
		return -EFAULT;
	if (size < known)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(to, known, from, size);
	*(u32 *)to = known;
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
 * By number and direction, not by the whole command: structures grow, and `size` in them says how
 * much a program knows of.
 */
#define IOCTL(command, needs, function) [_IOC_NR(command)] = { command, needs, function }

static const struct {
	unsigned int command;
	u64 needs; /* VMNIX_FEATURE_* */
	int (*function)(struct device_file *file, void __user *user);
} ioctls[] = {
	IOCTL(VMNIX_IOC_INFO, 0, ioctl_info),
	IOCTL(VMNIX_IOC_STATS, 0, ioctl_stats),
	IOCTL(VMNIX_IOC_LAUNCH, 0, ioctl_launch),
	IOCTL(VMNIX_IOC_HYPERCALL, 0, ioctl_hypercall),
	IOCTL(VMNIX_IOC_MEMORY, 0, vmnix_ioctl_memory),
	IOCTL(VMNIX_IOC_VM_CREATE, 0, vmnix_ioctl_vm_create),
	IOCTL(VMNIX_IOC_VM_WRITE, 0, vmnix_ioctl_vm_write),
	IOCTL(VMNIX_IOC_VM_START, 0, vmnix_ioctl_vm_start),
	IOCTL(VMNIX_IOC_VM_CONTROL, 0, vmnix_ioctl_vm_control),
	IOCTL(VMNIX_IOC_VM_SET, 0, vmnix_ioctl_vm_set),
	IOCTL(VMNIX_IOC_VM_INFO, 0, vmnix_ioctl_vm_info),
	IOCTL(VMNIX_IOC_VM_NEXT, 0, vmnix_ioctl_vm_next),
	IOCTL(VMNIX_IOC_VM_DEFINITION, 0, vmnix_ioctl_vm_definition),
	IOCTL(VMNIX_IOC_VM_WORLD, 0, vmnix_ioctl_vm_world),
	IOCTL(VMNIX_IOC_VM_CONSOLE_READ, 0, vmnix_ioctl_vm_console_read),
	IOCTL(VMNIX_IOC_VM_CONSOLE_WRITE, 0, vmnix_ioctl_vm_console_write),
	IOCTL(VMNIX_IOC_WAIT, 0, vmnix_ioctl_wait),
	IOCTL(VMNIX_IOC_PACKAGE_LOAD, VMNIX_FEATURE_RESTART, vmnix_ioctl_package_load),
	IOCTL(VMNIX_IOC_PACKAGE_DROP, VMNIX_FEATURE_RESTART, vmnix_ioctl_package_drop),
	IOCTL(VMNIX_IOC_CONSOLE_INFO, VMNIX_FEATURE_RESTART, vmnix_ioctl_console_info),
	IOCTL(VMNIX_IOC_CONSOLE_SET, VMNIX_FEATURE_RESTART, vmnix_ioctl_console_set),
	IOCTL(VMNIX_IOC_CONSOLE_ORDER, VMNIX_FEATURE_RESTART, vmnix_ioctl_console_order),
	IOCTL(VMNIX_IOC_CONSOLE_LOG, VMNIX_FEATURE_RESTART, vmnix_ioctl_console_log),
	IOCTL(VMNIX_IOC_CONSOLE_BEAT, VMNIX_FEATURE_RESTART, vmnix_ioctl_console_beat),
	IOCTL(VMNIX_IOC_PIECES, VMNIX_FEATURE_RESTART, vmnix_ioctl_pieces),
};

long vmnix_device_ioctl(struct file *filp, unsigned int command, unsigned long argument)
{
	unsigned int number = _IOC_NR(command);

	if (_IOC_TYPE(command) != _IOC_TYPE(VMNIX_IOC_INFO) || number >= ARRAY_SIZE(ioctls))
		return -ENOTTY;
	number = array_index_nospec(number, ARRAY_SIZE(ioctls));
	if (!ioctls[number].function || _IOC_DIR(command) != _IOC_DIR(ioctls[number].command))
		return -ENOTTY;
	if (!READ_ONCE(vmnix.launched))
		return -ENODEV;
	if (ioctls[number].needs & ~vmnix.features)
		return -EOPNOTSUPP;
	return ioctls[number].function(filp->private_data, (void __user *)argument);
}

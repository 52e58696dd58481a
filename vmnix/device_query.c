// SPDX-License-Identifier: GPL-2.0-only
/* Questions about VMs and memory: the answers are structures that grow. */
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "abi/ioctl/ioctl.h"
#include "call.h"
#include "device_file.h"
#include "orders.h"

static u64 room_of(u32 size)
{
	return min_t(u32, size, PAGE_SIZE);
}

int vmnix_ioctl_memory(struct device_file *file, void __user *user)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_MEMORY, .rdi = __pa(file->page) };
	struct vmnix_memory_info __user *info = user;
	u32 size;

	if (get_user(size, &info->size))
		return -EFAULT;
	call.rsi = room_of(size);
	return vmnix_device_fill(file, &call, info, call.rsi);
}

static int fill_info(struct device_file *file, u32 id, struct vmnix_vm_info __user *info, u32 size)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_VM_INFO, .rdi = id };

	call.rsi = __pa(file->page);
	call.rdx = room_of(size);
	return vmnix_device_fill(file, &call, info, call.rdx);
}

static int read_query(struct vmnix_vm_query __user *query, u32 *id, u32 *size)
{
	u32 reserved;

	if (get_user(*id, &query->id) || get_user(reserved, &query->reserved) ||
	    get_user(*size, &query->info.size))
		return -EFAULT;
	return reserved ? -EINVAL : 0;
}

int vmnix_ioctl_vm_info(struct device_file *file, void __user *user)
{
	struct vmnix_vm_query __user *query = user;
	u32 id, size;
	int ret = read_query(query, &id, &size);

	return ret ?: fill_info(file, id, &query->info, size);
}

int vmnix_ioctl_vm_next(struct device_file *file, void __user *user)
{
	struct vmnix_vm_query __user *query = user;
	u32 id, size;
	int ret = read_query(query, &id, &size);

	if (ret)
		return ret;
	/* Until there is one that is not removed between the two calls. */
	do {
		ret = vmnix_orders_next(&vmnix, &id);
		if (ret)
			return ret;
		ret = fill_info(file, id, &query->info, size);
	} while (ret == -ENOENT);
	return ret;
}

int vmnix_ioctl_vm_world(struct device_file *file, void __user *user)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_VM_WORLD, .rsi = __pa(file->page) };
	struct vmnix_world_query __user *query = user;
	u32 id, vcpu, size;

	if (get_user(id, &query->id) || get_user(vcpu, &query->vcpu) ||
	    get_user(size, &query->info.size))
		return -EFAULT;
	call.rdi = id | (u64)vcpu << 32;
	call.rdx = room_of(size);
	return vmnix_device_fill(file, &call, &query->info, call.rdx);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Orders about VMs. A program's structure is copied once, into memory of the kernel's allocator: it
 * has a physical address, and what is no larger than a page crosses none.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "abi/ioctl/ioctl.h"
#include "call.h"
#include "device_file.h"
#include "owners.h"

static int create_owned(struct device_file *file, struct vmnix_vm_create *create)
{
	int ret = vmnix_vms_create(&vmnix, create);

	if (ret)
		return ret;
	ret = vmnix_owners_add(create->id, file);
	if (ret)
		vmnix_vms_order(&vmnix, create->id, VMNIX_VM_REMOVE);
	return ret;
}

int vmnix_ioctl_vm_create(struct device_file *file, void __user *user)
{
	struct vmnix_vm_create __user *from = user;
	struct vmnix_vm_create *create;
	u32 reserved;
	int ret;

	BUILD_BUG_ON(sizeof(*create) > PAGE_SIZE);
	if (get_user(reserved, &from->reserved))
		return -EFAULT;
	if (reserved)
		return -EINVAL;
	create = kzalloc(sizeof(*create), GFP_KERNEL);
	if (!create)
		return -ENOMEM;
	ret = vmnix_device_read_sized(&create->config, sizeof(create->config), &from->config);
	if (!ret)
		ret = create_owned(file, create);
	/* The sizes are for who gets ENOMEM. A VM whose id stays unknown ends with the file. */
	if ((!ret || ret == -ENOMEM) &&
	    copy_to_user(from, create, offsetof(struct vmnix_vm_create, config)))
		ret = -EFAULT;
	kfree(create);
	return ret;
}

int vmnix_ioctl_vm_start(struct device_file *file, void __user *user)
{
	struct vmnix_vm_start *start = memdup_user(user, sizeof(*start));
	struct vmnix_registers call = { .rax = VMNIX_HC_VM_START };
	int ret = -EINVAL;

	if (IS_ERR(start))
		return PTR_ERR(start);
	if (!start->reserved) {
		call.rdi = start->id;
		call.rsi = __pa(&start->state);
		call.rdx = sizeof(start->state);
		ret = vmnix_call(&vmnix, &call);
	}
	if (!ret)
		vmnix_owners_drop(start->id);
	kfree(start);
	return ret;
}

int vmnix_ioctl_vm_control(struct device_file *file, void __user *user)
{
	struct vmnix_vm_control control;
	int ret;

	if (copy_from_user(&control, user, sizeof(control)))
		return -EFAULT;
	ret = vmnix_vms_order(&vmnix, control.id, control.order);
	if (!ret && control.order == VMNIX_VM_REMOVE)
		vmnix_owners_drop(control.id);
	return ret;
}

int vmnix_ioctl_vm_set(struct device_file *file, void __user *user)
{
	struct vmnix_vm_set *set = memdup_user(user, sizeof(*set));
	struct vmnix_registers call = { .rax = VMNIX_HC_VM_SHARE };
	int ret = -EINVAL;

	if (IS_ERR(set))
		return PTR_ERR(set);
	if (!set->reserved) {
		call.rdi = set->id;
		call.rsi = __pa(&set->share);
		ret = vmnix_call(&vmnix, &call);
	}
	kfree(set);
	return ret;
}

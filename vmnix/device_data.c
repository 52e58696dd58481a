// SPDX-License-Identifier: GPL-2.0-only
/* Bytes of a VM on their way through the file's page: its memory, its definition, its console. */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "abi/ioctl/ioctl.h"
#include "call.h"
#include "device_file.h"

#define CONSOLE_WRITE_MOST 256u /* of one call */

static int write_page(struct device_file *file, u32 id, struct vmnix_vm_copy *copy,
		      const void __user *from)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_VM_WRITE, .rdi = id, .rsi = __pa(copy) };

	if (copy_from_user(file->page, from, copy->bytes))
		return -EFAULT;
	return vmnix_call(&vmnix, &call);
}

static int write_pages(struct device_file *file, const struct vmnix_vm_write *write,
		       struct vmnix_vm_copy *copy)
{
	u64 done;
	int ret = 0;

	copy->from = __pa(file->page);
	for (done = 0; done < write->bytes && !ret; done += copy->bytes) {
		copy->to = write->to + done;
		copy->bytes = min_t(u64, write->bytes - done, PAGE_SIZE - offset_in_page(copy->to));
		ret = write_page(file, write->id, copy, u64_to_user_ptr(write->from + done));
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return ret;
}

int vmnix_ioctl_vm_write(struct device_file *file, void __user *user)
{
	struct vmnix_vm_write write;
	struct vmnix_vm_copy *copy;
	int ret = -EINTR;

	if (copy_from_user(&write, user, sizeof(write)))
		return -EFAULT;
	if (write.reserved || write.bytes > VMNIX_VM_WRITE_MOST)
		return -EINVAL;
	copy = kzalloc(sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	if (!mutex_lock_killable(&file->lock)) {
		ret = write_pages(file, &write, copy);
		mutex_unlock(&file->lock);
	}
	kfree(copy);
	return ret;
}

int vmnix_device_read_page(struct device_file *file, struct vmnix_registers *call,
			   void __user *to, u32 *bytes)
{
	int ret;

	if (mutex_lock_killable(&file->lock))
		return -EINTR;
	ret = vmnix_call(&vmnix, call);
	if (!ret && call->rdi > PAGE_SIZE)
		ret = -EIO;
	if (!ret) {
		*bytes = min_t(u64, call->rdi, *bytes);
		if (copy_to_user(to, file->page, *bytes))
			ret = -EFAULT;
	}
	mutex_unlock(&file->lock);
	return ret;
}

int vmnix_ioctl_vm_definition(struct device_file *file, void __user *user)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_VM_DEFINITION, .rsi = __pa(file->page) };
	struct vmnix_vm_definition definition;
	int ret;

	if (copy_from_user(&definition, user, sizeof(definition)))
		return -EFAULT;
	if (!definition.bytes)
		return -EINVAL;
	call.rdi = definition.id;
	call.rdx = min_t(u32, definition.bytes, PAGE_SIZE);
	ret = vmnix_device_read_page(file, &call, u64_to_user_ptr(definition.to), &definition.bytes);
	if (!ret && copy_to_user(user, &definition, sizeof(definition)))
		ret = -EFAULT;
	return ret;
}

int vmnix_ioctl_vm_console_read(struct device_file *file, void __user *user)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_VM_CONSOLE_READ, .rsi = __pa(file->page) };
	struct vmnix_vm_console console;
	int ret;

	if (copy_from_user(&console, user, sizeof(console)))
		return -EFAULT;
	if (!console.bytes)
		return -EINVAL;
	call.rdi = console.id;
	call.rdx = console.position;
	ret = vmnix_device_read_page(file, &call, u64_to_user_ptr(console.buffer), &console.bytes);
	console.position = call.rsi;
	if (!ret && copy_to_user(user, &console, sizeof(console)))
		ret = -EFAULT;
	return ret;
}

/* Bytes of the page that the UART took, until it has no room; an error only when it took none. */
static int type_page(struct device_file *file, u32 id, u32 bytes)
{
	struct vmnix_registers call;
	u32 done = 0, chunk;
	int ret;

	while (done < bytes) {
		chunk = min(bytes - done, CONSOLE_WRITE_MOST);
		call = (struct vmnix_registers){ .rax = VMNIX_HC_VM_CONSOLE_WRITE,
						 .rdi = id,
						 .rsi = __pa(file->page) + done,
						 .rdx = chunk };
		ret = vmnix_call(&vmnix, &call);
		if (!ret && call.rdi > chunk)
			ret = -EIO;
		if (ret)
			return done ?: ret;
		done += call.rdi;
		if (call.rdi < chunk)
			break;
	}
	return done;
}

int vmnix_ioctl_vm_console_write(struct device_file *file, void __user *user)
{
	struct vmnix_vm_console console;
	u32 bytes;
	int ret;

	if (copy_from_user(&console, user, sizeof(console)))
		return -EFAULT;
	bytes = min_t(u32, console.bytes, PAGE_SIZE);
	if (mutex_lock_killable(&file->lock))
		return -EINTR;
	if (copy_from_user(file->page, u64_to_user_ptr(console.buffer), bytes))
		ret = -EFAULT;
	else
		ret = type_page(file, console.id, bytes);
	mutex_unlock(&file->lock);
	if (ret < 0)
		return ret;
	console.bytes = ret;
	return copy_to_user(user, &console, sizeof(console)) ? -EFAULT : 0;
}

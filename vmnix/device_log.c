// SPDX-License-Identifier: GPL-2.0-only
/* Reading the VMM's log: text, as a stream, from the oldest byte that the VMM keeps. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "abi/hypercall/hypercall.h"
#include "call.h"
#include "device_file.h"

/*
 * Bytes of log in the page, at the file's position or at the oldest that is kept; an errno below
 * zero.
 */
static ssize_t fetch_log(struct device_file *file, size_t size)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_LOG_READ, .rdi = __pa(file->page) };
	int ret;

	call.rsi = min_t(size_t, size, PAGE_SIZE);
	call.rdx = file->position;
	ret = vmnix_call(&vmnix, &call);
	if (ret)
		return ret;
	if (call.rdi > PAGE_SIZE)
		return -EIO;
	file->position = call.rsi;
	return call.rdi;
}

static ssize_t read_some(struct device_file *file, char __user *buffer, size_t size)
{
	ssize_t bytes;

	if (mutex_lock_interruptible(&file->lock))
		return -ERESTARTSYS;
	bytes = fetch_log(file, size);
	if (bytes > 0 && copy_to_user(buffer, file->page, bytes))
		bytes = -EFAULT;
	if (bytes > 0)
		file->position += bytes;
	mutex_unlock(&file->lock);
	return bytes;
}

ssize_t vmnix_device_read(struct file *filp, char __user *buffer, size_t size, loff_t *unused)
{
	struct vmnix *v = &vmnix;
	ssize_t bytes;
	int events;

	if (!size)
		return 0;
	for (;;) {
		/* Taken before the look: growth after the look then ends the wait at once. */
		events = atomic_read(&v->events);
		bytes = read_some(filp->private_data, buffer, size);
		if (bytes)
			return bytes;
		if (filp->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(v->event_wait, atomic_read(&v->events) != events))
			return -ERESTARTSYS;
	}
}

__poll_t vmnix_device_poll(struct file *filp, poll_table *table)
{
	struct device_file *file = filp->private_data;
	ssize_t bytes;

	poll_wait(filp, &vmnix.event_wait, table);
	mutex_lock(&file->lock);
	bytes = fetch_log(file, 1);
	mutex_unlock(&file->lock);
	if (bytes < 0)
		return EPOLLHUP | EPOLLERR;
	return bytes ? EPOLLIN | EPOLLRDNORM : 0;
}

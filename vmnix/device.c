// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program and the VMM exchange passes through a page of the open file: hypercalls take
 * guest-physical addresses, and a program's memory has none that stay.
 */
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "abi/ioctl/ioctl.h"
#include "call.h"
#include "device.h"

struct device_file {
	struct mutex lock; /* both below */
	u64 position;	   /* in the log, of the next byte to read */
	void *page;
	struct list_head link; /* in open_files */
	struct pid *opener;
};

static LIST_HEAD(open_files);
static DEFINE_MUTEX(open_files_lock);

/* Bytes of log in the page, at the file's position or at the oldest that is kept; an errno below
 * zero. */
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

static ssize_t device_read(struct file *filp, char __user *buffer, size_t size, loff_t *unused)
{
	struct vmnix *v = &vmnix;
	ssize_t bytes;
	int events;

	if (!size)
		return 0;
	for (;;) {
		/* Taken before the look: growth after the look then ends the wait at once. */
		events = atomic_read(&v->log_events);
		bytes = read_some(filp->private_data, buffer, size);
		if (bytes)
			return bytes;
		if (filp->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(v->log_wait, atomic_read(&v->log_events) != events))
			return -ERESTARTSYS;
	}
}

static __poll_t device_poll(struct file *filp, poll_table *table)
{
	struct device_file *file = filp->private_data;
	ssize_t bytes;

	poll_wait(filp, &vmnix.log_wait, table);
	mutex_lock(&file->lock);
	bytes = fetch_log(file, 1);
	mutex_unlock(&file->lock);
	if (bytes < 0)
		return EPOLLHUP | EPOLLERR;
	return bytes ? EPOLLIN | EPOLLRDNORM : 0;
}

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

/* By number, not by the whole command: structures grow, and `size` in them says how much a program
 * knows of. */
static long device_ioctl(struct file *filp, unsigned int command, unsigned long argument)
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

static int device_open(struct inode *inode, struct file *filp)
{
	struct device_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	file->page = (void *)get_zeroed_page(GFP_KERNEL);
	if (!file->page) {
		kfree(file);
		return -ENOMEM;
	}
	mutex_init(&file->lock);
	file->opener = get_task_pid(current, PIDTYPE_TGID);
	mutex_lock(&open_files_lock);
	list_add(&file->link, &open_files);
	mutex_unlock(&open_files_lock);
	filp->private_data = file;
	return nonseekable_open(inode, filp);
}

static int device_release(struct inode *inode, struct file *filp)
{
	struct device_file *file = filp->private_data;

	mutex_lock(&open_files_lock);
	list_del(&file->link);
	mutex_unlock(&open_files_lock);
	put_pid(file->opener);
	free_page((unsigned long)file->page);
	kfree(file);
	return 0;
}

static const struct file_operations device_operations = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read = device_read,
	.poll = device_poll,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vmnix",
	.fops = &device_operations,
	.mode = 0600,
};

int vmnix_device_start(struct vmnix *v)
{
	return misc_register(&device);
}

void vmnix_device_stop(struct vmnix *v)
{
	misc_deregister(&device);
}

void vmnix_device_kill_openers(void)
{
	struct device_file *file;

	mutex_lock(&open_files_lock);
	list_for_each_entry(file, &open_files, link) {
		pr_warn("killing process %d, which has /dev/vmnix open\n", pid_vnr(file->opener));
		kill_pid(file->opener, SIGKILL, 1);
	}
	mutex_unlock(&open_files_lock);
}

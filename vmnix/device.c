// SPDX-License-Identifier: GPL-2.0-only
/* The device and its open files. */
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "call.h"
#include "device.h"
#include "device_file.h"
#include "owners.h"
#include "vmnix.h"

static LIST_HEAD(open_files);
static DEFINE_MUTEX(open_files_lock);

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

	vmnix_owners_release(&vmnix, file);
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
	.read = vmnix_device_read,
	.poll = vmnix_device_poll,
	.unlocked_ioctl = vmnix_device_ioctl,
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
	struct vmnix_registers no_more_beats = { .rax = VMNIX_HC_CONSOLE_BEAT };

	misc_deregister(&device);
	/* Whoever is alive can not tell any more. */
	if (v->features & VMNIX_FEATURE_RESTART)
		vmnix_call(v, &no_more_beats);
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

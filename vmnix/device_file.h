/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of the device: an open file, and what can be done with it. */
#ifndef VMNIX_DEVICE_FILE_H
#define VMNIX_DEVICE_FILE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>

/*
 * What a program and the VMM exchange passes through `page`: hypercalls take guest-physical
 * addresses, and a program's memory has none that stay.
 */
struct device_file {
	struct mutex lock; /* both below */
	u64 position;	   /* in the log, of the next byte to read */
	void *page;
	struct list_head link; /* of all open files */
	struct pid *opener;
};

/* device_log.c */
ssize_t vmnix_device_read(struct file *filp, char __user *buffer, size_t size, loff_t *unused);
__poll_t vmnix_device_poll(struct file *filp, poll_table *table);

/* device_ioctl.c */
struct vmnix_registers;
long vmnix_device_ioctl(struct file *filp, unsigned int command, unsigned long argument);

/*
 * For calls that fill a structure of at most `room` bytes in the page, whose address is in `call`
 * already: copies out as much as the VMM filled.
 */
int vmnix_device_fill(struct device_file *file, struct vmnix_registers *call, void __user *to,
		      u64 room);

/*
 * A program's structure that begins with its size: a program that knows more may use it as long as
 * the rest is zero, one that knows less than `known` bytes there was never.
 */
int vmnix_device_read_sized(void *to, u32 known, const void __user *from);

/* The other ioctls, each with the program's structure. */
/* device_vm.c */
int vmnix_ioctl_vm_create(struct device_file *file, void __user *user);
int vmnix_ioctl_vm_start(struct device_file *file, void __user *user);
int vmnix_ioctl_vm_control(struct device_file *file, void __user *user);
int vmnix_ioctl_vm_set(struct device_file *file, void __user *user);

/* device_query.c */
int vmnix_ioctl_memory(struct device_file *file, void __user *user);
int vmnix_ioctl_vm_info(struct device_file *file, void __user *user);
int vmnix_ioctl_vm_next(struct device_file *file, void __user *user);
int vmnix_ioctl_vm_world(struct device_file *file, void __user *user);

/* device_data.c */
int vmnix_ioctl_vm_write(struct device_file *file, void __user *user);
int vmnix_ioctl_vm_definition(struct device_file *file, void __user *user);
int vmnix_ioctl_vm_console_read(struct device_file *file, void __user *user);
int vmnix_ioctl_vm_console_write(struct device_file *file, void __user *user);

/* A call that leaves call->rdi bytes in the page: as many as have room go to the program. */
int vmnix_device_read_page(struct device_file *file, struct vmnix_registers *call,
			   void __user *to, u32 *bytes);

/* device_console.c; the VMM has VMNIX_FEATURE_RESTART. */
int vmnix_ioctl_package_load(struct device_file *file, void __user *user);
int vmnix_ioctl_package_drop(struct device_file *file, void __user *unused);
int vmnix_ioctl_console_info(struct device_file *file, void __user *user);
int vmnix_ioctl_console_set(struct device_file *file, void __user *user);
int vmnix_ioctl_console_order(struct device_file *file, void __user *user);
int vmnix_ioctl_console_log(struct device_file *file, void __user *user);
int vmnix_ioctl_console_beat(struct device_file *file, void __user *user);
int vmnix_ioctl_pieces(struct device_file *file, void __user *user);

/* device_wait.c */
int vmnix_ioctl_wait(struct device_file *file, void __user *user);

#endif

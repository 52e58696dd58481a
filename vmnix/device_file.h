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
long vmnix_device_ioctl(struct file *filp, unsigned int command, unsigned long argument);

#endif

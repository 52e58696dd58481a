// SPDX-License-Identifier: GPL-2.0-only
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "abi/ioctl/ioctl.h"
#include "device_file.h"
#include "vmnix.h"

static bool has_news(u32 events)
{
	return (u32)atomic_read(&vmnix.events) != events || !READ_ONCE(vmnix.launched);
}

/* Without a signal handler a signal (a stop, a continue) ends no wait. */
static int sleep_for_news(const struct vmnix_wait *wait)
{
	long left;

	if (!wait->timeout_ms)
		return wait_event_interruptible(vmnix.event_wait, has_news(wait->events)) ?
			       -ERESTARTNOHAND :
			       0;
	left = wait_event_interruptible_timeout(vmnix.event_wait, has_news(wait->events),
						msecs_to_jiffies(wait->timeout_ms));
	if (left < 0)
		return -ERESTARTNOHAND;
	return left ? 0 : -ETIME;
}

int vmnix_ioctl_wait(struct device_file *file, void __user *user)
{
	struct vmnix_wait __user *to = user;
	struct vmnix_wait wait;
	int ret;

	if (copy_from_user(&wait, user, sizeof(wait)))
		return -EFAULT;
	ret = sleep_for_news(&wait);
	if (ret)
		return ret;
	if (!READ_ONCE(vmnix.launched))
		return -ENODEV;
	return put_user((u32)atomic_read(&vmnix.events), &to->events);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Orderly ends leave the VMM first: reboot, halt, power-off and kexec all pass the reboot notifiers
 * while every CPU still runs. Sleep is refused: the VMM would not survive it. A panic needs
 * nothing: a crash kernel boots as a guest.
 */
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/suspend.h>
#include <linux/syscore_ops.h>

#include "leave.h"
#include "power.h"
#include "vmnix.h"

static int before_reboot(struct notifier_block *block, unsigned long action, void *command)
{
	vmnix_leave_for_reboot(&vmnix);
	return NOTIFY_DONE;
}

/* First of all: drivers then shut their devices down on the bare machine. */
static struct notifier_block reboot_block = {
	.notifier_call = before_reboot,
	.priority = INT_MAX,
};

static int before_sleep(struct notifier_block *block, unsigned long action, void *unused)
{
	switch (action) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		pr_err("no suspend or hibernation under the VMM: stop the vmnix service first\n");
		return notifier_from_errno(-EBUSY);
	default:
		return NOTIFY_DONE;
	}
}

static struct notifier_block sleep_block = { .notifier_call = before_sleep };

/* Roads to sleep that pass no notifier: a kexec that means to come back. */
static int refuse_suspend(void)
{
	pr_err("the machine cannot sleep under the VMM\n");
	return -EBUSY;
}

static struct syscore_ops suspend_ops = { .suspend = refuse_suspend };

int vmnix_power_start(struct vmnix *v)
{
	int ret = register_reboot_notifier(&reboot_block);

	if (ret)
		return ret;
	ret = register_pm_notifier(&sleep_block);
	if (ret) {
		unregister_reboot_notifier(&reboot_block);
		return ret;
	}
	register_syscore_ops(&suspend_ops);
	return 0;
}

void vmnix_power_stop(struct vmnix *v)
{
	unregister_syscore_ops(&suspend_ops);
	unregister_pm_notifier(&sleep_block);
	unregister_reboot_notifier(&reboot_block);
}

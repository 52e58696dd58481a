// SPDX-License-Identifier: GPL-2.0-only
/*
 * Orderly ends leave the VMM first: reboot, halt, power-off and kexec all pass the reboot notifiers
 * while every CPU still runs. With VMs, which whoever ended the console in order has stopped, they
 * end this console only: drivers shut their devices down, and the last step is a word to the VMM.
 * Sleep is refused: the VMM would not survive it.
 */
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <linux/suspend.h>
#include <linux/syscore_ops.h>

#include "last_words.h"
#include "leave.h"
#include "power.h"
#include "vmnix.h"

static enum vmnix_console_end this_end;

static enum vmnix_console_end end_of(unsigned long action, const char *command)
{
	if (action != SYS_RESTART)
		return VMNIX_END_POWER_OFF;
	/* kernel_kexec() has no other name for what it does. */
	return command && !strcmp(command, "kexec reboot") ? VMNIX_END_KEXEC : VMNIX_END_RESTART;
}

static int before_reboot(struct notifier_block *block, unsigned long action, void *command)
{
	this_end = end_of(action, command);
	if (vmnix_vms_outlive_us(&vmnix))
		pr_notice("there are VMs: the VMM goes on, and this console ends alone\n");
	else
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

/* Returns when the VMM does not take over, as without VMs: the machine itself ends then. */
static void tell_end(void)
{
	vmnix_last_words_end(&vmnix, this_end, NULL);
}

static struct syscore_ops syscore_ops = { .suspend = refuse_suspend, .shutdown = tell_end };

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
	register_syscore_ops(&syscore_ops);
	return 0;
}

void vmnix_power_stop(struct vmnix *v)
{
	unregister_syscore_ops(&syscore_ops);
	unregister_pm_notifier(&sleep_block);
	unregister_reboot_notifier(&reboot_block);
}

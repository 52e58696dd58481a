// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other hypervisors stay out while the VMM has the CPUs. Linux decided at boot that it has
 * virtualisation, so their modules would load and fail only when a VM is started: they are refused
 * with a word instead.
 */
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/string.h>

#include "exclusive.h"

static int before_module(struct notifier_block *block, unsigned long state, void *data)
{
	const struct module *module = data;

	if (state != MODULE_STATE_COMING)
		return NOTIFY_DONE;
	if (strcmp(module->name, "kvm_amd") && strcmp(module->name, "kvm_intel"))
		return NOTIFY_DONE;
	pr_err("%s is not loaded: the VMM has the CPUs; stop the vmnix service first\n", module->name);
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block module_block = { .notifier_call = before_module };

int vmnix_exclusive_start(struct vmnix *v)
{
	return register_module_notifier(&module_block);
}

void vmnix_exclusive_stop(struct vmnix *v)
{
	unregister_module_notifier(&module_block);
}

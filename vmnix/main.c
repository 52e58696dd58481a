// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading this module launches the VMM under the running Linux, unloading it gives the machine back. The stages are one
 * table: loading goes down, unloading or a failure goes up, and each stage undoes what it did.
 */
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <asm/tsc.h>

#include "facts.h"
#include "handover.h"
#include "launch.h"
#include "vmnix.h"

struct vmnix vmnix = { .options = { .timeout_ms = 1000 } };

module_param_named(image, vmnix.options.image, charp, 0444);
MODULE_PARM_DESC(image, "firmware name of the VMM image (default vmnix/vmkernel, then vmnix/vmkernel.gz)");
module_param_named(timeout_ms, vmnix.options.timeout_ms, uint, 0444);
MODULE_PARM_DESC(timeout_ms, "how long CPUs wait for one another at a launch (default 1000)");
module_param_named(test, vmnix.options.test, bool, 0444);
MODULE_PARM_DESC(test, "let tests pass hypercalls through the device");
module_param_named(fault_step, vmnix.options.fault_step, uint, 0444);
MODULE_PARM_DESC(fault_step, "for tests: step of the launch that goes wrong (enum vmnix_step)");
module_param_named(fault_cpu, vmnix.options.fault_cpu, uint, 0444);
MODULE_PARM_DESC(fault_cpu, "for tests: index of the CPU on which it does");
module_param_named(fault_mode, vmnix.options.fault_mode, uint, 0444);
MODULE_PARM_DESC(fault_mode, "for tests: how (enum vmnix_fault_mode)");

static struct vmnix_platform *platform;

static int check_machine(struct vmnix *v)
{
	struct vmnix_refusal refusal;
	const char *warning;
	u32 i;

	refusal = vmnix_preflight(v->facts);
	if (refusal.error) {
		pr_err("not launched: %s: %s\n", refusal.reason, refusal.remedy);
		return -refusal.error;
	}
	for (i = 0; (warning = vmnix_preflight_warning(v->facts, i)); i++)
		pr_warn("%s\n", warning);
	return 0;
}

static int preflight(struct vmnix *v)
{
	int ret;

	v->facts = kvzalloc(sizeof(*v->facts), GFP_KERNEL);
	platform = kvzalloc(sizeof(*platform), GFP_KERNEL);
	if (!v->facts || !platform)
		return -ENOMEM;
	ret = vmnix_platform_read(platform);
	if (ret)
		return ret;
	vmnix_facts_gather(v->facts, platform);
	v->facts->image = vmnix_image_get(&v->image, v->options.image);
	return check_machine(v);
}

static void drop_facts(struct vmnix *v)
{
	vmnix_image_drop(&v->image);
	kvfree(v->facts);
	kvfree(platform);
	v->facts = NULL;
	platform = NULL;
}

static int reserve(struct vmnix *v)
{
	int ret = vmnix_arena_reserve(&v->arena, v->facts->memory_needed);

	v->record.reserve_tries = v->arena.tries;
	return ret;
}

static void give_back(struct vmnix *v)
{
	vmnix_arena_release(&v->arena);
}

static int launch(struct vmnix *v)
{
	int ret;

	cpumask_copy(&v->cpus, cpu_online_mask);
	ret = vmnix_launch_prepare(v, platform);
	if (!ret)
		ret = vmnix_handover_init(v);
	if (!ret)
		ret = vmnix_handover_enter(v);
	if (ret)
		return ret;
	v->launched = true;
	v->record.cpus = cpumask_weight(&v->cpus);
	strscpy(v->version, v->image.elf.header.version, sizeof(v->version));
	return 0;
}

/* Cannot fail: an unloaded module has no way back. So it is tried until it works. */
static void leave(struct vmnix *v)
{
	unsigned int tries = 0;

	while (v->launched && vmnix_handover_leave(v)) {
		if (!(tries++ % 30))
			pr_warn("still a guest, trying again\n");
		ssleep(1);
	}
	if (v->launched)
		pr_info("left the VMM: Linux runs on the bare machine again\n");
	v->launched = false;
}

static const struct stage {
	const char *name;
	int (*start)(struct vmnix *v);
	void (*stop)(struct vmnix *v); /* NULL: nothing to undo */
} stages[] = {
	{ "reserve", reserve, give_back },
	{ "launch", launch, leave },
};

static void stop_stages(unsigned int count)
{
	while (count--)
		if (stages[count].stop)
			stages[count].stop(&vmnix);
}

static int start_stages(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(stages); i++) {
		ret = stages[i].start(&vmnix);
		if (ret) {
			stop_stages(i);
			return ret;
		}
	}
	return 0;
}

static int __init vmnix_start(void)
{
	struct vmnix *v = &vmnix;
	int ret;

	/* What preflight saw and what is launched must be the same CPUs. */
	cpu_hotplug_disable();
	ret = preflight(v);
	if (!ret)
		ret = start_stages();
	drop_facts(v);
	cpu_hotplug_enable();
	if (ret)
		return ret;
	pr_info("VMM %s runs this machine: %u CPUs, %zu MiB, CPUs stopped for %llu us\n", v->version, v->record.cpus,
		vmnix_arena_bytes(&v->arena) >> 20, div64_u64(v->record.stopped_tsc * 1000, tsc_khz));
	return 0;
}

static void __exit vmnix_stop(void)
{
	stop_stages(ARRAY_SIZE(stages));
}

module_init(vmnix_start);
module_exit(vmnix_stop);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Turns the running Linux into the service console of the vmnix VMM");
MODULE_FIRMWARE("vmnix/vmkernel");

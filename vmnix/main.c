// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading this module launches the VMM under the running Linux, or attaches to one that is there;
 * unloading it gives the machine back. The stages are one table: loading goes down, unloading or a
 * failure goes up, and each stage undoes what it did.
 */
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "attach.h"
#include "below.h"
#include "call.h"
#include "command_line.h"
#include "device.h"
#include "event.h"
#include "exclusive.h"
#include "facts.h"
#include "fault_record.h"
#include "handover.h"
#include "last_words.h"
#include "launch.h"
#include "leave.h"
#include "power.h"
#include "stuck.h"
#include "vmnix.h"

#define TENTHS_TO_CLOSE 20u

struct vmnix vmnix = { .options = { .timeout_ms = 1000 } };

module_param_named(image, vmnix.options.image, charp, 0444);
MODULE_PARM_DESC(image,
		 "firmware name of the VMM image (default vmnix/vmkernel, then vmnix/vmkernel.gz)");
module_param_named(timeout_ms, vmnix.options.timeout_ms, uint, 0444);
MODULE_PARM_DESC(timeout_ms, "how long CPUs wait for one another at a launch (default 1000)");
module_param_named(force, vmnix.options.force, bool, 0444);
MODULE_PARM_DESC(force, "launch although the kernel command line says vmnix=off");
module_param_named(test, vmnix.options.test, bool, 0444);
MODULE_PARM_DESC(test, "let tests pass hypercalls through the device");
module_param_named(fault_step, vmnix.options.fault_step, uint, 0444);
MODULE_PARM_DESC(fault_step, "for tests: step of the launch that goes wrong (enum vmnix_step)");
module_param_named(fault_cpu, vmnix.options.fault_cpu, uint, 0444);
MODULE_PARM_DESC(fault_cpu, "for tests: index of the CPU on which it does");
module_param_named(fault_mode, vmnix.options.fault_mode, uint, 0444);
MODULE_PARM_DESC(fault_mode, "for tests: how (enum vmnix_fault_mode)");

/* Only while launching. */
static struct vmnix_facts *facts;
static struct vmnix_platform *platform;

static int judge(void)
{
	struct vmnix_refusal refusal = vmnix_preflight(facts);
	const char *warning;
	u32 i;

	if (refusal.error) {
		pr_err("not launched: %s: %s\n", refusal.reason, refusal.remedy);
		return -refusal.error;
	}
	for (i = 0; (warning = vmnix_preflight_warning(facts, i)); i++)
		pr_warn("%s\n", warning);
	return 0;
}

static int preflight(struct vmnix *v)
{
	int ret;

	facts = kvzalloc(sizeof(*facts), GFP_KERNEL);
	platform = kvzalloc(sizeof(*platform), GFP_KERNEL);
	if (!facts || !platform)
		return -ENOMEM;
	ret = vmnix_platform_read(platform);
	if (ret)
		return ret;
	vmnix_facts_gather(facts, platform);
	facts->command_line_off = !v->options.force && vmnix_command_line_off();
	facts->image = vmnix_image_get(&v->image, v->options.image);
	return judge();
}

static void drop_facts(struct vmnix *v)
{
	vmnix_image_drop(&v->image);
	kvfree(facts);
	kvfree(platform);
}

static int reserve(struct vmnix *v)
{
	int ret = vmnix_arena_reserve(&v->arena, facts->memory_needed);

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
	vmnix_launch_end(v);
	if (ret)
		return ret;
	v->launched = true;
	vmnix_call_version(v);
	v->record.cpus = cpumask_weight(&v->cpus);
	v->record.stopped_tsc = v->stopped_tsc;
	pr_info("VMM %s runs this machine: CPUs %u, memory %zu MiB, stopped for %llu us\n",
		v->image.elf.header.version, v->record.cpus, vmnix_arena_bytes(&v->arena) >> 20,
		vmnix_stopped_us(v));
	return 0;
}

/* A console with a VMM under it, which it did not launch then, attaches; any other launches one. */
enum road {
	LAUNCH = 1,
	ATTACH = 2,
	EITHER = LAUNCH | ATTACH,
};

static enum road road;

static const struct stage {
	enum road road;
	int (*start)(struct vmnix *v);
	void (*stop)(struct vmnix *v); /* NULL: nothing to undo */
} stages[] = {
	{ LAUNCH, preflight, NULL }, /* what it found lives until loading ends */
	{ LAUNCH, reserve, give_back },
	{ LAUNCH, launch, vmnix_leave },
	{ ATTACH, vmnix_attach_begin, vmnix_attach_undo },
	{ EITHER, vmnix_exclusive_start, vmnix_exclusive_stop },
	{ EITHER, vmnix_vms_start, vmnix_vms_close },
	{ ATTACH, vmnix_vms_adopt, NULL },
	{ EITHER, vmnix_event_start, vmnix_event_stop },
	{ EITHER, vmnix_device_start, vmnix_device_stop },
	{ EITHER, vmnix_last_words_start, vmnix_last_words_stop },
	{ EITHER, vmnix_stuck_start, vmnix_stuck_stop },
	{ EITHER, vmnix_power_start, vmnix_power_stop },
	{ ATTACH, vmnix_attach, vmnix_attach_end },
};

static void stop_stages(unsigned int count)
{
	while (count--)
		if (stages[count].road & road && stages[count].stop)
			stages[count].stop(&vmnix);
}

static int start_stages(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(stages) && !ret; i++)
		if (stages[i].road & road)
			ret = stages[i].start(&vmnix);
	if (!ret)
		return 0;
	/* What another module launched is not ours to end. */
	vmnix.detached = road == ATTACH;
	stop_stages(i - 1);
	return ret;
}

static int __init vmnix_start(void)
{
	struct vmnix_below below;
	int ret;

	init_rwsem(&vmnix.gate);
	init_waitqueue_head(&vmnix.event_wait);
	vmnix_vms_init(&vmnix);
	road = vmnix_below(&below) ? ATTACH : LAUNCH;
	if (road == LAUNCH)
		vmnix_tell_fault_record();
	/* What preflight saw and what is launched must be the same CPUs. */
	cpu_hotplug_disable();
	ret = start_stages();
	cpu_hotplug_enable();
	drop_facts(&vmnix);
	return ret;
}

/*
 * Forced unloading (rmmod -f) comes here while programs have the device open. VMs have ended and
 * the machine is given back by now; the code has to stay until the last program has let go, of
 * itself or not.
 */
static void wait_for_programs(void)
{
	unsigned int tenths;

	for (tenths = 0; module_refcount(THIS_MODULE) > 0; tenths++) {
		if (tenths % TENTHS_TO_CLOSE == TENTHS_TO_CLOSE - 1)
			vmnix_device_kill_openers();
		msleep(100);
	}
}

static void __exit vmnix_stop(void)
{
	stop_stages(ARRAY_SIZE(stages));
	wait_for_programs();
	vmnix_vms_finish(&vmnix);
}

module_init(vmnix_start);
module_exit(vmnix_stop);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Turns the running Linux into the service console of the vmnix VMM");
MODULE_FIRMWARE("vmnix/vmkernel");

// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "adopt.h"
#include "attach.h"
#include "attach_cpus.h"
#include "attach_rules.h"
#include "below.h"
#include "call.h"
#include "leave.h"
#include "switch.h"
#include "vmnix.h"

static const char *cannot_leave; /* why this module has to stay, with a reference on itself */

static int judge(struct vmnix *v)
{
	struct vmnix_attach_facts facts = { .module_abi = VMNIX_HYPERCALL_ABI };
	struct vmnix_refusal refusal;
	struct vmnix_below below;

	if (!vmnix_below(&below))
		return -ENODEV;
	facts.vmm_abi = below.abi;
	facts.vmm_oldest = below.oldest;
	facts.restarts = v->features & VMNIX_FEATURE_RESTART;
	strscpy(facts.version, v->version, sizeof(facts.version));
	refusal = vmnix_attach_judge(&facts);
	if (refusal.error)
		pr_err("not attached: %s: %s\n", refusal.reason, refusal.remedy);
	return -refusal.error;
}

static int read_info(struct vmnix_info *info)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_INFO,
					.rdi = __pa(info),
					.rsi = sizeof(*info) };

	return vmnix_call_atomic(&call);
}

static int begin(struct vmnix *v, struct vmnix_info *info)
{
	int ret = vmnix_call_version(v);

	if (!ret)
		ret = read_info(info);
	if (ret)
		return ret;
	strscpy(v->version, info->version, sizeof(v->version));
	ret = judge(v);
	if (!ret)
		ret = vmnix_attach_cpus(v, info->cpu_count);
	if (!ret)
		ret = vmnix_adopt_memory(v, info);
	return ret;
}

int vmnix_attach_begin(struct vmnix *v)
{
	struct vmnix_info *info = kzalloc(sizeof(*info), GFP_KERNEL);
	int ret;

	if (!info)
		return -ENOMEM;
	ret = begin(v, info);
	kfree(info);
	if (!ret)
		v->launched = true;
	return ret;
}

void vmnix_attach_undo(struct vmnix *v)
{
	vmnix_leave(v);
	if (v->detached)
		vmnix_adopt_forget(v);
	else
		vmnix_arena_release(&v->arena);
}

/* Without the stub the VMM has no way back to the bare machine. */
static void describe_stub(struct vmnix_attach *attach)
{
	attach->handover_abi = VMNIX_HANDOVER_ABI;
	attach->stub_pa = vmnix_stub_address();
	attach->stub_va = (u64)vmnix_stub_page();
	attach->stub_leave = (u64)vmnix_stub_leave;
	attach->stub_resume = (u64)vmnix_stub_resume;
	attach->stub_vmx_left = (u64)vmnix_stub_vmx_left;
}

static void stay(struct vmnix *v)
{
	pr_warn("this console cannot leave the VMM: %s; the module stays loaded\n", cannot_leave);
	__module_get(THIS_MODULE);
	v->detached = true; /* by force the module goes, but alone */
}

static int call_attach(struct vmnix *v, struct vmnix_attach *attach)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_ATTACH,
					.rdi = __pa(attach),
					.rsi = sizeof(*attach) };
	bool complete = v->record.cpus == cpumask_weight(&v->cpus);
	int ret;

	attach->size = sizeof(*attach);
	if (complete)
		describe_stub(attach);
	ret = vmnix_call(v, &call);
	if (ret) {
		pr_err("not attached: the VMM refuses (error %d); the VMs go on\n", ret);
		return ret;
	}
	if (!complete)
		cannot_leave = "this Linux does not have all of its CPUs";
	else if (!attach->can_leave)
		cannot_leave = "it was launched by another build of this module";
	else if (!vmnix_attach_pages(v, attach))
		cannot_leave = "it describes its CPUs in a way that makes no sense";
	return 0;
}

int vmnix_attach(struct vmnix *v)
{
	struct vmnix_attach *attach = kzalloc(sizeof(*attach), GFP_KERNEL);
	int ret;

	if (!attach)
		return -ENOMEM;
	ret = call_attach(v, attach);
	kfree(attach);
	if (ret)
		return ret;
	pr_info("attached to VMM %s, which runs this machine: CPUs %u, memory %zu MiB\n",
		v->version, v->record.cpus, vmnix_arena_bytes(&v->arena) >> 20);
	if (cannot_leave)
		stay(v);
	vmnix_vms_settle(v); /* what ended before its event had a way here */
	return 0;
}

void vmnix_attach_end(struct vmnix *v)
{
	if (cannot_leave)
		module_put(THIS_MODULE);
}

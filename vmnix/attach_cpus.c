// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "attach_cpus.h"
#include "call.h"
#include "vmnix.h"

static unsigned int cpu_of_apic_id(u32 apic_id)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (cpu_physical_id(cpu) == apic_id)
			return cpu;
	return nr_cpu_ids;
}

static int find_cpu(struct vmnix *v, u32 index, struct vmnix_cpu_stats *stats)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_CPU_STATS,
					.rdi = __pa(stats),
					.rsi = sizeof(*stats),
					.rdx = index };
	int ret = vmnix_call_atomic(&call);
	unsigned int cpu;

	if (ret)
		return ret;
	cpu = cpu_of_apic_id(stats->apic_id);
	if (cpu >= nr_cpu_ids) {
		pr_warn("this Linux does not have the CPU with APIC ID %u\n", stats->apic_id);
		return 0;
	}
	per_cpu(vmnix_cpus, cpu).index = index;
	cpumask_set_cpu(cpu, &v->cpus);
	return 0;
}

int vmnix_attach_cpus(struct vmnix *v, u32 count)
{
	/* Not on the stack: that has no physical address. */
	struct vmnix_cpu_stats *stats = kzalloc(sizeof(*stats), GFP_KERNEL);
	int ret = 0;
	u32 index;

	if (!stats)
		return -ENOMEM;
	cpumask_clear(&v->cpus);
	for (index = 0; index < count && !ret; index++)
		ret = find_cpu(v, index, stats);
	kfree(stats);
	if (ret)
		return ret;
	v->record.cpus = count;
	if (cpumask_subset(cpu_online_mask, &v->cpus))
		return 0;
	pr_err("not attached: a CPU is online of which the VMM does not know\n");
	return -ENODEV;
}

bool vmnix_attach_pages(struct vmnix *v, const struct vmnix_attach *attach)
{
	const u64 base = vmnix_arena_base(&v->arena), bytes = (u64)attach->cpu_count * PAGE_SIZE;
	unsigned int cpu;

	if (attach->cpu_count != v->record.cpus || !PAGE_ALIGNED(attach->cpus) ||
	    attach->cpus < base || attach->cpus - base > vmnix_arena_bytes(&v->arena) ||
	    bytes > vmnix_arena_bytes(&v->arena) - (attach->cpus - base))
		return false;
	for_each_cpu(cpu, &v->cpus)
		per_cpu(vmnix_cpus, cpu).page =
			__va(attach->cpus + (u64)per_cpu(vmnix_cpus, cpu).index * PAGE_SIZE);
	return true;
}

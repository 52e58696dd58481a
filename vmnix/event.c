// SPDX-License-Identifier: GPL-2.0-only
/*
 * An interrupt like any other: a domain of one interrupt below x86's vector domain, which allots a
 * vector and a CPU; both are told to the VMM, and told again whenever the affinity changes. So it
 * is seen in /proc/interrupts, can be moved, and leaves a CPU that goes offline.
 */
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>

#include "abi/hypercall/hypercall.h"
#include "call.h"
#include "event.h"

static struct fwnode_handle *event_node;
static struct irq_domain *event_domain;
static int event_irq;

static int tell_vmm(struct irq_data *data)
{
	/* Not the vector domain's destination: that may be a logical one. */
	unsigned int cpu = cpumask_first(irq_data_get_effective_affinity_mask(data));
	struct vmnix_registers call = { .rax = VMNIX_HC_EVENT, .rdi = irqd_cfg(data)->vector };

	if (cpu >= nr_cpu_ids)
		return -ENXIO;
	call.rsi = per_cpu(vmnix_cpus, cpu).index;
	return vmnix_call_atomic(&call);
}

static int event_set_affinity(struct irq_data *data, const struct cpumask *mask, bool force)
{
	int ret = irq_chip_set_affinity_parent(data, mask, force);

	/* Not yet requested: there is no vector that could be told. */
	if (ret >= 0 && event_irq && tell_vmm(data))
		pr_warn_once("the VMM was not told where its interrupt moved\n");
	return ret;
}

static void event_no_op(struct irq_data *data)
{
}

static struct irq_chip event_chip = {
	.name = "vmnix",
	.irq_mask = event_no_op,
	.irq_unmask = event_no_op,
	.irq_ack = irq_chip_ack_parent,
	.irq_set_affinity = event_set_affinity,
	.irq_retrigger = irq_chip_retrigger_hierarchy,
	.flags = IRQCHIP_SKIP_SET_WAKE,
};

static int event_alloc(struct irq_domain *domain, unsigned int irq, unsigned int count, void *info)
{
	int ret = irq_domain_alloc_irqs_parent(domain, irq, count, info);

	if (ret)
		return ret;
	irq_domain_set_info(domain, irq, 0, &event_chip, NULL, handle_edge_irq, NULL, "edge");
	/*
	 * The target is one word in the VMM: it can change at any time, not only while the
	 * interrupt is handled.
	 */
	irq_set_status_flags(irq, IRQ_MOVE_PCNTXT);
	return 0;
}

static const struct irq_domain_ops event_ops = {
	.alloc = event_alloc,
	.free = irq_domain_free_irqs_common,
};

static irqreturn_t event_arrived(int irq, void *data)
{
	struct vmnix *v = data;

	atomic_inc(&v->events);
	wake_up_interruptible(&v->event_wait);
	vmnix_vms_event(v);
	return IRQ_HANDLED;
}

static int request_event(struct vmnix *v)
{
	struct irq_alloc_info info = { };
	int irq, ret;

	irq = irq_domain_alloc_irqs(event_domain, 1, NUMA_NO_NODE, &info);
	if (irq < 0)
		return irq;
	ret = request_irq(irq, event_arrived, 0, "vmnix", v);
	if (ret) {
		irq_dispose_mapping(irq);
		return ret;
	}
	event_irq = irq;
	return tell_vmm(irq_get_irq_data(irq));
}

int vmnix_event_start(struct vmnix *v)
{
	int ret = -ENOMEM;

	event_node = irq_domain_alloc_named_fwnode("vmnix");
	if (event_node)
		event_domain = irq_domain_create_hierarchy(x86_vector_domain, 0, 1, event_node,
							   &event_ops, NULL);
	if (event_domain)
		ret = request_event(v);
	if (ret) {
		pr_err("no interrupt for the VMM's events (error %d)\n", ret);
		vmnix_event_stop(v);
	}
	return ret;
}

void vmnix_event_stop(struct vmnix *v)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_EVENT };

	if (event_irq) {
		vmnix_call(v, &call);
		free_irq(event_irq, v);
		irq_dispose_mapping(event_irq);
		event_irq = 0;
	}
	if (event_domain)
		irq_domain_remove(event_domain);
	event_domain = NULL;
	if (event_node)
		irq_domain_free_fwnode(event_node);
	event_node = NULL;
}

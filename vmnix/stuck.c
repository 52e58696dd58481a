// SPDX-License-Identifier: GPL-2.0-only
#include "stuck.h"

#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/stacktrace.h>
#include <asm/nmi.h>

#include "call.h"
#include "vmnix.h"

/* By CPU, and none crosses a page. */
#define TEXT_SIZE 1024
#define DEPTH 32u

static char *texts;

/* Tells the VMM these bytes, perhaps none. Was it the watchdog that asks this CPU? */
static bool tell(const char *text, size_t bytes)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_CONSOLE_LOG, .rsi = bytes };

	if (bytes)
		call.rdi = __pa(text);
	return !vmnix_call_atomic(&call) && call.rdi == 1;
}

/* The trace begins with the NMI's own way here. */
static unsigned int interrupted_at(const unsigned long *trace, unsigned int count, unsigned long ip)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (trace[i] == ip)
			return i + 1;
	return 0;
}

static size_t describe(char *text, const struct pt_regs *regs)
{
	unsigned long trace[DEPTH];
	unsigned int count = stack_trace_save(trace, DEPTH, 0);
	unsigned int i = interrupted_at(trace, count, regs->ip);
	size_t used = scnprintf(text, TEXT_SIZE, "CPU %d takes no interrupts: %s[%d] at %pS\n",
				raw_smp_processor_id(), current->comm, current->pid,
				(void *)regs->ip);

	for (; i < count; i++)
		used += scnprintf(text + used, TEXT_SIZE - used, "  %pS\n", (void *)trace[i]);
	return used;
}

static int on_unknown_nmi(unsigned int type, struct pt_regs *regs)
{
	char *text = texts + raw_smp_processor_id() * TEXT_SIZE;

	if (!READ_ONCE(vmnix.launched) || !tell(NULL, 0))
		return NMI_DONE;
	tell(text, describe(text, regs));
	return NMI_DONE; /* who wants a panic, and a core, of NMIs that nobody claims has it */
}

static void free_texts(void)
{
	free_pages_exact(texts, nr_cpu_ids * TEXT_SIZE);
	texts = NULL;
}

int vmnix_stuck_start(struct vmnix *v)
{
	int ret;

	if (!(v->features & VMNIX_FEATURE_RESTART))
		return 0;
	texts = alloc_pages_exact(nr_cpu_ids * TEXT_SIZE, GFP_KERNEL);
	if (!texts)
		return -ENOMEM;
	ret = register_nmi_handler(NMI_UNKNOWN, on_unknown_nmi, 0, "vmnix");
	if (ret)
		free_texts();
	return ret;
}

void vmnix_stuck_stop(struct vmnix *v)
{
	if (!texts)
		return;
	unregister_nmi_handler(NMI_UNKNOWN, "vmnix");
	free_texts();
}

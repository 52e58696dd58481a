// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts are off around every switch, and where the CPU can hold NMIs off they are as well. What
 * came meanwhile was counted, and is sent again here.
 */
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/cpu.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>
#include <asm/mce.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "handover.h"
#include "lapic.h"
#include "switch.h"
#include "vmnix.h"

DEFINE_PER_CPU(struct vmnix_cpu, vmnix_cpus);

static const struct {
	int error;
	const char *text;
} failures[] = {
	[VMNIX_ERR_ABI] = { -ENOEXEC, "module and image are not of one build" },
	[VMNIX_ERR_MEMORY] = { -ENOMEM, "the reserved memory is too small for this machine" },
	[VMNIX_ERR_CPU] = { -ENODEV, "a CPU feature is missing" },
	[VMNIX_ERR_STATE] = { -EIO, "a CPU's state cannot be run as a guest" },
	[VMNIX_ERR_TIMEOUT] = { -ETIMEDOUT, "a CPU did not come in time" },
	[VMNIX_ERR_PEER] = { -EIO, "another CPU failed" },
	[VMNIX_ERR_INJECTED] = { -ECANCELED, "a test asked for this failure" },
	[VMNIX_ERR_LAYOUT] = { -EINVAL, "memory map and device addresses contradict one another" },
	[VMNIX_ERR_EXTINT] = { -EOPNOTSUPP, "interrupts come through the 8259 (noapic); boot without that option" },
};

static int report_failure(const char *what, int status, u32 cpu, u32 step)
{
	bool known = status > 0 && status < ARRAY_SIZE(failures) && failures[status].error;

	pr_err("%s failed: %s (status %d, CPU index %u, step %u); nothing has changed\n", what,
	       known ? failures[status].text : "unknown status", status, cpu, step);
	return known ? failures[status].error : -EIO;
}

/* On a bare CPU with interrupts off, after NMIs are let through again. */
static void send_pending_nmis(struct vmnix_cpu *cpu)
{
	/* NMIs do not queue: one stands for all. */
	if (cpu->page->pending_nmi + cpu->page->early_nmis)
		vmnix_lapic_nmi_self();
	cpu->page->pending_nmi = cpu->page->early_nmis = 0;
}

/*
 * Nobody can send a machine check again. Its banks keep what they have to say, and Linux looks at them
 * now and then; but until this bit is cleared the next machine check would shut the CPU down.
 */
static void report_machine_checks(struct vmnix_cpu *cpu)
{
	u64 status;

	if (!cpu->page->early_machine_checks)
		return;
	pr_emerg("CPU %u: %u machine checks came while the CPU changed hands; Linux has not seen them\n",
		 smp_processor_id(), cpu->page->early_machine_checks);
	cpu->page->early_machine_checks = 0;
	if (!rdmsrl_safe(MSR_IA32_MCG_STATUS, &status))
		wrmsrl_safe(MSR_IA32_MCG_STATUS, status & ~MCG_STATUS_MCIP);
}

/* What came to a CPU on its way is Linux's. */
static void forward(struct vmnix_cpu *cpu)
{
	send_pending_nmis(cpu);
	report_machine_checks(cpu);
}

static void switch_into(struct vmnix_cpu *cpu, enum vmnix_call call)
{
	cpu->irq_off_tsc = rdtsc_ordered();
	vmnix_hold(&cpu->hold, vmnix.options.fault_mode == VMNIX_FAULT_OPEN);
	cpu->page->efer = cpu->hold.efer;
	cpu->page->irq_off_tsc = cpu->irq_off_tsc;
	cpu->status = vmnix_switch_enter(cpu->page, call);
	cpu->resumed_tsc = rdtsc();
	/* As a guest NMIs are free, EFER is as it was, and the page is out of reach. */
	if (call == VMNIX_CALL_ENTER && cpu->status == VMNIX_OK)
		return;
	vmnix_release(&cpu->hold);
	forward(cpu);
}

int vmnix_handover_init(struct vmnix *v)
{
	struct vmnix_cpu *cpu;
	unsigned long flags;
	int status;

	local_irq_save(flags);
	cpu = this_cpu_ptr(&vmnix_cpus);
	switch_into(cpu, VMNIX_CALL_INIT);
	status = cpu->status;
	v->record.init_tsc = cpu->resumed_tsc - cpu->irq_off_tsc;
	local_irq_restore(flags);
	return status ? report_failure("initialising the VMM", status, 0, 0) : 0;
}

static int enter_here(void *unused)
{
	switch_into(this_cpu_ptr(&vmnix_cpus), VMNIX_CALL_ENTER);
	return 0;
}

static void record_stop(struct vmnix *v)
{
	u64 first = ~0ull, last = 0;
	unsigned int cpu;

	for_each_cpu(cpu, &v->cpus) {
		first = min(first, per_cpu(vmnix_cpus, cpu).irq_off_tsc);
		last = max(last, per_cpu(vmnix_cpus, cpu).resumed_tsc);
	}
	v->stopped_tsc = last - first;
}

u64 vmnix_stopped_us(const struct vmnix *v)
{
	return div_u64(v->stopped_tsc * 1000, tsc_khz);
}

/*
 * The cause rather than its consequences on the others: a CPU that only followed says
 * VMNIX_ERR_PEER.
 */
static int first_failure(struct vmnix *v)
{
	int status = VMNIX_OK;
	unsigned int cpu;

	for_each_cpu(cpu, &v->cpus) {
		int here = per_cpu(vmnix_cpus, cpu).status;

		if (here && (!status || status == VMNIX_ERR_PEER))
			status = here;
	}
	return status;
}

int vmnix_handover_enter(struct vmnix *v)
{
	int ret = stop_machine(enter_here, NULL, &v->cpus);
	int status;

	if (ret)
		return ret;
	record_stop(v);
	status = first_failure(v);
	if (!status)
		return 0;
	return report_failure("handing the CPUs over", status, v->handover->failed_cpu,
			      v->handover->failed_step);
}

static int leave_here(void *unused)
{
	struct vmnix_cpu *cpu = this_cpu_ptr(&vmnix_cpus);

	cpu->irq_off_tsc = rdtsc_ordered();
	/* As Linux has it now: this module may not have been there when the CPU was taken. */
	rdmsrl(MSR_EFER, cpu->hold.efer);
	cpu->status = vmnix_switch_leave(VMNIX_HC_LEAVE);
	cpu->resumed_tsc = rdtsc();
	if (cpu->status)
		return 0;
	vmnix_release(&cpu->hold);
	forward(cpu);
	return 0;
}

/*
 * A CPU that sleeps offline sleeps in the VMM's hands; it has to come to the rendezvous like all
 * others.
 */
static int wake_all(struct vmnix *v)
{
	unsigned int cpu;
	int ret;

	for_each_cpu(cpu, &v->cpus) {
		if (cpu_online(cpu))
			continue;
		ret = add_cpu(cpu);
		if (ret) {
			pr_warn("CPU %u must come online to leave the VMM, and does not (error %d)\n",
				cpu, ret);
			return ret;
		}
		pr_info("CPU %u was brought online to leave the VMM\n", cpu);
	}
	return 0;
}

int vmnix_handover_leave(struct vmnix *v)
{
	int ret, status;

	ret = wake_all(v);
	if (ret)
		return ret;
	cpu_hotplug_disable();
	if (!cpumask_subset(&v->cpus, cpu_online_mask))
		ret = -EAGAIN;
	else
		ret = stop_machine(leave_here, NULL, &v->cpus);
	cpu_hotplug_enable();
	if (ret)
		return ret;
	record_stop(v);
	status = first_failure(v);
	if (!status)
		return 0;
	pr_warn("the VMM does not let go now (error %d)\n", -status);
	return status == -VMNIX_HC_ETIMEDOUT ? -ETIMEDOUT : -EBUSY;
}

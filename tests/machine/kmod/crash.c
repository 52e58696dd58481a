// SPDX-License-Identifier: GPL-2.0-only
/* Ends of this kernel, each in a thread of its own. The last line of each in the log says that it is about to happen. */
#include <asm/alternative.h>
#include <asm/desc.h>
#include <asm/io.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "crash.h"

#define PACKAGE_DROP 31 /* VMNIX_HC_PACKAGE_DROP and the number of calls: the module is built without the ABI's folder */
#define CALLS 34

static const char *const names[POKE_CRASHES] = {
	"null", "stack", "loop-one", "loop-all", "triple-fault", "writes", "hypercalls",
};

static u64 next_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static noinline u64 deeper(u64 depth)
{
	volatile u64 frame[64];

	frame[depth % 64] = depth;
	if (depth == ~0ull) /* never; but the compiler does not know */
		return 0;
	return deeper(depth + 1) + frame[depth % 64];
}

static void loop(void)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

static void triple_fault(void)
{
	const struct desc_ptr none = {};

	local_irq_disable();
	asm volatile("lidt %0\n\tud2" : : "m"(none));
}

/* Through another mapping: the kernel's own is read-only in part. It is made before anything is spoilt. */
static void write_at_random(struct poke *what)
{
	const u64 count = what->ones >> PAGE_SHIFT;
	struct page **pages = kvmalloc_array(count, sizeof(*pages), GFP_KERNEL);
	u64 i, state = what->value | 1, *words;

	for (i = 0; pages && i < count; i++)
		pages[i] = pfn_to_page((what->pattern >> PAGE_SHIFT) + i);
	words = pages ? vmap(pages, count, VM_MAP, PAGE_KERNEL) : NULL;
	if (!words) {
		pr_emerg("vmnix_poke: no memory for crash writes\n");
		return;
	}
	pr_emerg("vmnix_poke: %u writes now\n", what->width);
	for (i = 0; i < what->width; i++) {
		u64 *where = words + next_random(&state) % (count << PAGE_SHIFT >> 3);

		WRITE_ONCE(*where, next_random(&state));
	}
	pr_emerg("vmnix_poke: written\n");
}

/*
 * All calls at random, save the one that only says that no other console is wanted. What names a VM or a piece of memory
 * is never right: a console may end its VMs.
 */
static void call_at_random(u64 state)
{
	void *scratch = (void *)__get_free_page(GFP_KERNEL | __GFP_ZERO);

	for (;;) {
		unsigned long rax = next_random(&state) % (CALLS + 4), rdi = next_random(&state) | 1ul << 63,
			      rsi = next_random(&state), rdx = next_random(&state);

		if (rax == PACKAGE_DROP || !scratch)
			continue;
		if (state & 8)
			rdi = virt_to_phys(scratch) + 8;
		if (state & 16)
			rsi %= 4096;
		asm volatile(ALTERNATIVE("vmcall", "vmmcall", X86_FEATURE_VMMCALL)
			     : "+a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx)
			     :
			     : "memory");
		if (state & 32)
			cond_resched();
	}
}

static int happen(void *data)
{
	struct poke *what = data;

	pr_emerg("vmnix_poke: crash %s now\n", names[what->address]);
	switch (what->address) {
	case POKE_CRASH_NULL:
		WRITE_ONCE(*(int *)8, 1);
		break;
	case POKE_CRASH_STACK:
		return deeper(what->value & 0xff);
	case POKE_CRASH_LOOP_ONE:
	case POKE_CRASH_LOOP_ALL:
		loop();
		break;
	case POKE_CRASH_TRIPLE_FAULT:
		triple_fault();
		break;
	case POKE_CRASH_WRITES:
		write_at_random(what);
		break;
	case POKE_CRASH_HYPERCALLS:
		call_at_random(what->value | 1);
		break;
	}
	return 0;
}

static int die_soon(void *data)
{
	msleep(300);
	panic("vmnix_poke: panic beside hypercalls");
	return 0;
}

static int start(int (*run)(void *), struct poke *what, int cpu)
{
	struct task_struct *thread = kthread_create(run, what, "crash/%d", cpu);

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	kthread_bind(thread, cpu);
	wake_up_process(thread);
	return 0;
}

int poke_crash(struct poke *poke)
{
	const int first = cpumask_first(cpu_online_mask), last = cpumask_last(cpu_online_mask);
	struct poke *what = kmemdup(poke, sizeof(*poke), GFP_KERNEL); /* kept: there is no afterwards */
	int cpu, ret = 0;

	if (!what || what->address >= POKE_CRASHES)
		return what ? -EINVAL : -ENOMEM;
	if (what->address == POKE_CRASH_LOOP_ALL) {
		for_each_online_cpu(cpu)
			ret = ret ?: start(happen, what, cpu);
		return ret;
	}
	if (what->address == POKE_CRASH_HYPERCALLS)
		ret = start(die_soon, what, first);
	return ret ?: start(happen, what, what->value & 1 || what->address == POKE_CRASH_HYPERCALLS ? last : first);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that only a kernel can do, many times between two marks, with interrupts off. The answer is what one takes
 * as its program sees it: instructions, where the time stamp counter counts those.
 */
#include <asm/apicdef.h>
#include <asm/io.h>
#include <asm/msr.h>
#include <linux/irqflags.h>

#include "cost.h"
#include "sections.h"

#define ROUNDS 1000
#define COLD 256 /* more places than any cache of decoded instructions has */

static u64 per_round(u64 before, u64 rounds)
{
	return (rdtsc_ordered() - before) / rounds;
}

static u64 hypercalls(void)
{
	unsigned long rax, rdi, rsi, rdx;
	u64 before;
	int i;

	MARK_SECTION(SECTION_HYPERCALL);
	before = rdtsc_ordered();
	for (i = 0; i < ROUNDS; i++) {
		rax = rdi = rsi = rdx = 0; /* VMNIX_HC_VERSION */
		asm volatile("vmmcall" : "+a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx) : : "memory");
	}
	return per_round(before, ROUNDS);
}

/* The error vector's register, written with what it holds: has no effect and costs what every write costs. */
static u64 xapic_hot(void __iomem *page)
{
	void __iomem *where = page + APIC_LVTERR;
	u32 value = readl(where);
	u64 before;
	int i;

	MARK_SECTION(SECTION_XAPIC_HOT);
	before = rdtsc_ordered();
	for (i = 0; i < ROUNDS; i++)
		asm volatile("movl %0, (%1)" : : "a"(value), "r"(where) : "memory");
	return per_round(before, ROUNDS);
}

/* Each write from an address of its own. */
static noinline u64 xapic_cold(void __iomem *page)
{
	void __iomem *where = page + APIC_LVTERR;
	u32 value = readl(where);
	u64 before;

	MARK_SECTION(SECTION_XAPIC_COLD);
	before = rdtsc_ordered();
	asm volatile(".rept %c2\n\tmovl %0, (%1)\n\t.endr" : : "a"(value), "r"(where), "i"(COLD) : "memory");
	return per_round(before, COLD);
}

static u64 x2apic(void)
{
	const u32 msr = 0x800 + (APIC_LVTERR >> 4);
	u64 value, before;
	int i;

	rdmsrl(msr, value);
	MARK_SECTION(SECTION_X2APIC);
	before = rdtsc_ordered();
	for (i = 0; i < ROUNDS; i++)
		asm volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
	return per_round(before, ROUNDS);
}

int poke_cost(struct poke *poke)
{
	void __iomem *page = ioremap(APIC_DEFAULT_PHYS_BASE, PAGE_SIZE);
	unsigned long flags;
	int ret = 0;

	if (!page)
		return -ENOMEM;
	local_irq_save(flags);
	switch (poke->address) {
	case SECTION_HYPERCALL:
		poke->value = hypercalls();
		break;
	case SECTION_XAPIC_HOT:
		poke->value = xapic_hot(page);
		break;
	case SECTION_XAPIC_COLD:
		poke->value = xapic_cold(page);
		break;
	case SECTION_X2APIC:
		poke->value = x2apic();
		break;
	default:
		ret = -EINVAL;
	}
	MARK_SECTION(SECTION_NONE);
	local_irq_restore(flags);
	iounmap(page);
	return ret;
}

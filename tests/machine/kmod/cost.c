// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that only a kernel can do, many times between two marks, with interrupts off. The answer is what one takes
 * as its program sees it: instructions, where the time stamp counter counts those.
 */
#include <asm/alternative.h>
#include <asm/apicdef.h>
#include <asm/io.h>
#include <asm/msr.h>
#include <linux/irqflags.h>
#include <linux/smp.h>

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
		asm volatile(ALTERNATIVE("vmcall", "vmmcall", X86_FEATURE_VMMCALL)
			     : "+a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx)
			     :
			     : "memory");
	}
	return per_round(before, ROUNDS);
}

/* Each register is written with what it holds; the timer starts its count again. MARK takes constants only. */
#define XAPIC_HOT(section, register)                                                                       \
	static u64 xapic_##register(void __iomem *page)                                                    \
	{                                                                                                  \
		void __iomem *where = page + register;                                                     \
		u32 value = register == APIC_EOI ? 0 : readl(where);                                       \
		u64 before;                                                                                \
		int i;                                                                                     \
                                                                                                           \
		MARK_SECTION(section);                                                                     \
		before = rdtsc_ordered();                                                                  \
		for (i = 0; i < ROUNDS; i++)                                                               \
			asm volatile("movl %0, (%1)" : : "a"(value), "r"(where) : "memory");               \
		return per_round(before, ROUNDS);                                                          \
	}
XAPIC_HOT(SECTION_XAPIC_HOT, APIC_TMICT)
XAPIC_HOT(SECTION_XAPIC_LVT, APIC_LVTERR)
XAPIC_HOT(SECTION_XAPIC_EOI, APIC_EOI)

/* Each write from an address of its own. */
static noinline u64 xapic_cold(void __iomem *page)
{
	void __iomem *where = page + APIC_TMICT;
	u32 value = readl(where);
	u64 before;

	MARK_SECTION(SECTION_XAPIC_COLD);
	before = rdtsc_ordered();
	asm volatile(".rept %c2\n\tmovl %0, (%1)\n\t.endr" : : "a"(value), "r"(where), "i"(COLD) : "memory");
	return per_round(before, COLD);
}

#define X2APIC(section, register)                                                                          \
	static u64 x2apic_##register(void)                                                                 \
	{                                                                                                  \
		const u32 msr = 0x800 + (register >> 4);                                                   \
		u64 value = 0, before;                                                                     \
		int i;                                                                                     \
                                                                                                           \
		if (register != APIC_EOI)                                                                  \
			rdmsrl(msr, value);                                                                \
		MARK_SECTION(section);                                                                     \
		before = rdtsc_ordered();                                                                  \
		for (i = 0; i < ROUNDS; i++)                                                               \
			asm volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"(0) : "memory");            \
		return per_round(before, ROUNDS);                                                          \
	}
X2APIC(SECTION_X2APIC, APIC_TMICT)
X2APIC(SECTION_X2APIC_EOI, APIC_EOI)

static void note_arrival(void *arrived)
{
	WRITE_ONCE(*(u64 *)arrived, rdtsc_ordered());
}

int poke_ipi(struct poke *poke)
{
	u64 arrived = 0, before = rdtsc_ordered(), after;
	int ret = smp_call_function_single(poke->address, note_arrival, &arrived, 0);

	after = rdtsc_ordered();
	while (!ret && !READ_ONCE(arrived))
		cpu_relax();
	poke->value = arrived - before;
	poke->pattern = after - before;
	return ret;
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
		poke->value = xapic_APIC_TMICT(page);
		break;
	case SECTION_XAPIC_LVT:
		poke->value = xapic_APIC_LVTERR(page);
		break;
	case SECTION_XAPIC_EOI:
		poke->value = xapic_APIC_EOI(page);
		break;
	case SECTION_XAPIC_COLD:
		poke->value = xapic_cold(page);
		break;
	case SECTION_X2APIC:
		poke->value = x2apic_APIC_TMICT();
		break;
	case SECTION_X2APIC_EOI:
		poke->value = x2apic_APIC_EOI();
		break;
	default:
		ret = -EINVAL;
	}
	MARK_SECTION(SECTION_NONE);
	local_irq_restore(flags);
	iounmap(page);
	return ret;
}

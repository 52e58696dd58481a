// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linux knows its TSC's frequency and exports it, but not the local APIC timer's. Counting one
 * against the other for 200 us with interrupts off gives the ratio, and the timer's own settings
 * are put back as if it had run on.
 */
#include <linux/irqflags.h>
#include <linux/math64.h>
#include <asm/apic.h>
#include <asm/irq_vectors.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "lapic.h"

#define WINDOW_PER_KHZ 5 /* 1 kHz-second / 5 = 200 us */
#define SAMPLES 5
#define TIMER_MODE_MASK (3u << 17)
#define TIMER_MODE_ONE_SHOT 0u
#define TIMER_MODE_DEADLINE (2u << 17)
#define DIVIDE_BY_1 0xbu

static bool x2apic(void)
{
	u64 base;

	rdmsrl(MSR_IA32_APICBASE, base);
	return base & X2APIC_ENABLE;
}

/* In xAPIC mode Linux has the registers at a fixed address. */
static u32 read_register(u32 reg)
{
	u64 value;

	if (!x2apic())
		return native_apic_mem_read(reg);
	rdmsrl(APIC_BASE_MSR + (reg >> 4), value);
	return value;
}

static void write_register(u32 reg, u32 value)
{
	if (x2apic())
		wrmsrl(APIC_BASE_MSR + (reg >> 4), value);
	else
		native_apic_mem_write(reg, value);
}

struct timer_state {
	u32 lvt, divider, initial, current_count;
	u64 deadline, tsc;
};

/* The divide configuration 0b?0??: 0 = by 2, doubling, up to 0b1011 = by 1 (bit 2 is reserved). */
static u32 divider_value(u32 config)
{
	return 1u << ((((config & 3) | ((config >> 1) & 4)) + 1) & 7);
}

static void save_timer(struct timer_state *timer)
{
	timer->lvt = read_register(APIC_LVTT);
	timer->divider = read_register(APIC_TDCR);
	timer->initial = read_register(APIC_TMICT);
	timer->deadline = 0;
	if ((timer->lvt & TIMER_MODE_MASK) == TIMER_MODE_DEADLINE)
		rdmsrl(MSR_IA32_TSC_DEADLINE, timer->deadline);
	timer->current_count = read_register(APIC_TMCCT);
	timer->tsc = rdtsc_ordered();
}

/*
 * What is left of a running count; at least 1. A count of 0 may have expired a moment ago, its
 * interrupt lost by the masking: an emulator's timer thread is not as prompt as its clock. One
 * interrupt too many does no harm.
 */
static u32 remaining(const struct timer_state *timer, u64 khz)
{
	u64 elapsed = div64_u64((rdtsc_ordered() - timer->tsc) * khz,
				(u64)tsc_khz * divider_value(timer->divider));

	return timer->current_count > elapsed ? timer->current_count - (u32)elapsed : 1;
}

static void restore_timer(const struct timer_state *timer, u64 khz)
{
	write_register(APIC_TMICT, 0);
	write_register(APIC_TDCR, timer->divider);
	write_register(APIC_LVTT, timer->lvt);
	switch (timer->lvt & TIMER_MODE_MASK) {
	case TIMER_MODE_DEADLINE:
		mb(); /* xAPIC: the mode must be in force before the deadline; SDM 3A 11.5.4.1 */
		if (timer->deadline)
			wrmsrl(MSR_IA32_TSC_DEADLINE, timer->deadline);
		break;
	case TIMER_MODE_ONE_SHOT:
		if (timer->initial)
			write_register(APIC_TMICT, remaining(timer, khz));
		break;
	default: /* periodic: the period is what counts, its phase moves by 200 us once */
		write_register(APIC_TMICT, timer->initial);
		break;
	}
}

struct sample {
	u64 tsc;
	u32 left;
};

/*
 * Both clocks at one instant: of a few readings the one that took least, in case something held the
 * CPU between.
 */
static struct sample take_sample(void)
{
	struct sample best = { };
	u64 before, after, least = ~0ull;
	u32 left, i;

	for (i = 0; i < SAMPLES; i++) {
		before = rdtsc_ordered();
		left = read_register(APIC_TMCCT);
		after = rdtsc_ordered();
		if (after - before >= least)
			continue;
		least = after - before;
		best.tsc = before + least / 2;
		best.left = left;
	}
	return best;
}

static u64 count_window(void)
{
	struct sample first, last;
	u64 window = tsc_khz / WINDOW_PER_KHZ;

	write_register(APIC_LVTT, APIC_LVT_MASKED | LOCAL_TIMER_VECTOR);
	write_register(APIC_TDCR, DIVIDE_BY_1);
	write_register(APIC_TMICT, ~0u);
	first = take_sample();
	while (rdtsc_ordered() - first.tsc < window)
		cpu_relax();
	last = take_sample();
	return div64_u64((u64)(first.left - last.left) * tsc_khz, last.tsc - first.tsc);
}

u64 vmnix_lapic_timer_khz(void)
{
	struct timer_state timer;
	unsigned long flags;
	u64 khz;

	local_irq_save(flags);
	save_timer(&timer);
	khz = count_window();
	restore_timer(&timer, khz);
	local_irq_restore(flags);
	return khz;
}

void vmnix_lapic_nmi_self(void)
{
	u32 id = read_register(APIC_ID);

	/*
	 * The "self" shorthand does not deliver NMIs: SDM 3A 11.6.1, APM 2 16.5. So name this CPU.
	 */
	if (x2apic()) {
		wrmsrl(APIC_BASE_MSR + (APIC_ICR >> 4),
		       (u64)id << 32 | APIC_DM_NMI | APIC_INT_ASSERT);
		return;
	}
	while (read_register(APIC_ICR) & APIC_ICR_BUSY)
		cpu_relax();
	write_register(APIC_ICR2, id & GENMASK(31, 24));
	write_register(APIC_ICR, APIC_DM_NMI | APIC_INT_ASSERT);
}

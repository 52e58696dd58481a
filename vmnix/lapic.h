/* SPDX-License-Identifier: GPL-2.0-only */
/* The little that the module does with the physical local APIC itself. */
#ifndef VMNIX_LAPIC_H
#define VMNIX_LAPIC_H

#include <linux/types.h>

/*
 * Input clock of the local APIC's timer in kHz, before its divider, measured here against the TSC;
 * 0 if it stands.
 */
u64 vmnix_lapic_timer_khz(void);

/* Sends this CPU an NMI. */
void vmnix_lapic_nmi_self(void);

#endif

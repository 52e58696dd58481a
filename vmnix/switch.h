/* SPDX-License-Identifier: GPL-2.0-only */
/* The one page of code that both sides execute; switch.S. */
#ifndef VMNIX_SWITCH_H
#define VMNIX_SWITCH_H

#include <linux/mm.h>
#include <linux/types.h>

struct vmnix_handover_cpu;

extern char vmnix_stub_leave[];
extern char vmnix_stub_resume[];
extern char vmnix_stub_vmx_left[];
extern char vmnix_stub_early_nmi[];
extern char vmnix_stub_early_machine_check[];

static inline void *vmnix_stub_page(void)
{
	return (void *)((unsigned long)vmnix_stub_leave & PAGE_MASK);
}

static inline phys_addr_t vmnix_stub_address(void)
{
	return PFN_PHYS(vmalloc_to_pfn(vmnix_stub_page()));
}

/*
 * Interrupts off, NMIs held off where that is possible. Returns enum vmnix_status: 0 from VMNIX_CALL_ENTER means as a
 * guest.
 */
int vmnix_switch_enter(struct vmnix_handover_cpu *cpu, u32 call);

/*
 * Interrupts off. 0: this CPU is bare again, NMIs as in vmnix_switch_enter. Negative VMNIX_HC_E*:
 * still a guest.
 */
int vmnix_switch_leave(u32 hypercall);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/* SDM volume 3A, 3.4.5 (segment descriptors) and 6.14.1 (gates of 64-bit mode). */
#include "early.h"

#define VECTOR_NMI 2
#define VECTOR_MACHINE_CHECK 18
/* Accessed already, so that the CPU writes to neither. */
#define FLAT_CODE 0x00af9b000000ffffull
#define FLAT_DATA 0x00cf93000000ffffull
#define INTERRUPT_GATE (0x8eull << 40) /* present, for CPL 0, on the stack that is in force */

static struct vmnix_gate gate_to(uint64_t handler)
{
	struct vmnix_gate gate = {
		.low = (handler & 0xffff) | (uint64_t)VMNIX_CS << 16 | INTERRUPT_GATE |
		       (handler >> 16 & 0xffff) << 48,
		.high = handler >> 32,
	};

	return gate;
}

void vmnix_early_fill(struct vmnix_handover_cpu *page, uint64_t va, uint64_t nmi,
		      uint64_t machine_check)
{
	page->console_va = va;
	page->early_gdt[VMNIX_CS / 8] = FLAT_CODE;
	page->early_gdt[VMNIX_SS / 8] = FLAT_DATA;
	page->early_gdtr_limit = sizeof(page->early_gdt) - 1;
	page->early_gdtr_base = va + offsetof(struct vmnix_handover_cpu, early_gdt);
	page->early_idt[VECTOR_NMI] = gate_to(nmi);
	page->early_idt[VECTOR_MACHINE_CHECK] = gate_to(machine_check);
	page->early_idtr_limit = sizeof(page->early_idt) - 1;
	page->early_idtr_base = va + offsetof(struct vmnix_handover_cpu, early_idt);
}

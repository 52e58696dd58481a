/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Offsets into struct vmnix_handover_cpu for the assembly on both sides; handover.h asserts them. */
#ifndef VMNIX_ABI_HANDOVER_OFFSETS_H
#define VMNIX_ABI_HANDOVER_OFFSETS_H

#define VMNIX_OFF_RSP 0
#define VMNIX_OFF_CR0 8
#define VMNIX_OFF_CR2 16
#define VMNIX_OFF_CR3 24
#define VMNIX_OFF_CR4 32
#define VMNIX_OFF_DR6 40
#define VMNIX_OFF_DR7 48
#define VMNIX_OFF_GDTR 62
#define VMNIX_OFF_IDTR 78
#define VMNIX_OFF_CS 88
#define VMNIX_OFF_SS 90
#define VMNIX_OFF_DS 92
#define VMNIX_OFF_ES 94
#define VMNIX_OFF_FS 96
#define VMNIX_OFF_GS 98
#define VMNIX_OFF_TR 100
#define VMNIX_OFF_LDTR 102
#define VMNIX_OFF_VMM_CR3 104
#define VMNIX_OFF_VMM_RSP 112
#define VMNIX_OFF_VMM_SELF 120
#define VMNIX_OFF_ENTRY 128
#define VMNIX_OFF_EARLY_NMIS 172
#define VMNIX_OFF_CONSOLE_VA 184
#define VMNIX_OFF_EARLY_MACHINE_CHECKS 192
#define VMNIX_OFF_EARLY_GDTR 206
#define VMNIX_OFF_EARLY_IDTR 222
#define VMNIX_OFF_EARLY_IDT 272
#define VMNIX_OFF_EARLY_STACK_TOP 1296

/* Both sides have flat 64-bit code and flat data at these selectors, so whichever GDT is in force while a CPU passes,
 * an interrupt finds its segment there and returns to the one that it came from. */
#define VMNIX_CS 0x10
#define VMNIX_SS 0x18
#define VMNIX_EARLY_SELECTORS 4
#define VMNIX_EARLY_VECTORS 32
#define VMNIX_EARLY_STACK 512

#endif

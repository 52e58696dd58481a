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

#endif

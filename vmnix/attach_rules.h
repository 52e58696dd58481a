/* SPDX-License-Identifier: GPL-2.0-only */
/* May this module be the driver of a VMM that another one launched? Pure. */
#ifndef VMNIX_ATTACH_RULES_H
#define VMNIX_ATTACH_RULES_H

#include "portable.h"
#include "preflight.h"

struct vmnix_attach_facts {
	uint32_t module_abi;	      /* VMNIX_HYPERCALL_ABI of this module */
	uint32_t vmm_abi, vmm_oldest; /* CPUID: what the VMM speaks, and the oldest that it serves */
	bool restarts;		      /* it has VMNIX_FEATURE_RESTART */
	char version[24];	      /* its own, empty: not told */
};

VMNIX_BEGIN_C
/*
 * One step of the ABI lies between the two at most: the newer side knows the older one. Whatever is
 * refused, the VMs go on.
 */
struct vmnix_refusal vmnix_attach_judge(const struct vmnix_attach_facts *facts);
VMNIX_END_C

#endif

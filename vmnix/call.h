/* SPDX-License-Identifier: GPL-2.0-only */
/* Hypercalls that are safe at any time: before, during and after the VMM is there. */
#ifndef VMNIX_CALL_H
#define VMNIX_CALL_H

#include "vmnix.h"

/* Registers of a hypercall; see abi/hypercall/hypercall.h. */
struct vmnix_registers {
	u64 rax, rdi, rsi, rdx;
};

/*
 * May sleep. 0, -ENODEV when the VMM is gone, or what the VMM's VMNIX_HC_E* means. Results are in
 * `registers`.
 */
int vmnix_call(struct vmnix *v, struct vmnix_registers *registers);

/* The same where sleeping is not possible: the caller knows that the VMM stays until it returns. */
int vmnix_call_atomic(struct vmnix_registers *registers);

/* v->features, as the VMM tells them. */
int vmnix_call_version(struct vmnix *v);

#endif

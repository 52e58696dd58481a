/* SPDX-License-Identifier: GPL-2.0-only */
/* AMD's part of a switch; what VT-x will need has the same names in vmx.h. */
#ifndef VMNIX_SVM_H
#define VMNIX_SVM_H

#include <linux/types.h>

/* What holding a CPU changed, per CPU. */
struct vmnix_hold {
	u64 efer;
	u64 host_save; /* VM_HSAVE_PA */
};

/* Registers of a hypercall; see abi/hypercall/hypercall.h. */
struct vmnix_registers {
	u64 rax, rdi, rsi, rdx;
};

/* Enables SVM here and holds NMIs, SMIs and machine checks off. Interrupts are off already. */
void vmnix_svm_hold(struct vmnix_hold *hold);

/* The reverse, on a CPU that is not (or no longer) a guest. What was held off arrives now. */
void vmnix_svm_release(const struct vmnix_hold *hold);

/* Only as a guest: on a bare CPU VMMCALL is an undefined opcode. Returns rax. */
long vmnix_svm_hypercall(struct vmnix_registers *call);

#endif

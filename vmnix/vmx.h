/* SPDX-License-Identifier: GPL-2.0-only */
/* Intel's part of a switch. The VMM enters and leaves VMX operation itself. */
#ifndef VMNIX_VMX_H
#define VMNIX_VMX_H

struct vmnix_hold;

/* Nothing on these CPUs holds NMIs off: only notes what the VMM is told. */
void vmnix_vmx_hold(struct vmnix_hold *hold);

/* On a CPU that is back. */
void vmnix_vmx_release(void);

#endif

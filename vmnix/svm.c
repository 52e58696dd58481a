// SPDX-License-Identifier: GPL-2.0-only
/*
 * AMD64 Architecture Programmer's Manual, volume 2, chapter 15: 15.4 enabling, 15.17 GIF, 15.30
 * MSRs.
 */
#include <asm/msr.h>

#include "hold.h"
#include "svm.h"

void vmnix_svm_hold(struct vmnix_hold *hold, bool open)
{
	rdmsrl(MSR_EFER, hold->efer);
	wrmsrl(MSR_EFER, hold->efer | EFER_SVME);
	rdmsrl(MSR_VM_HSAVE_PA, hold->host_save);
	if (!open)
		asm volatile("clgi" : : : "memory");
}

void vmnix_svm_release(const struct vmnix_hold *hold)
{
	wrmsrl(MSR_VM_HSAVE_PA, hold->host_save);
	asm volatile("stgi" : : : "memory");
	wrmsrl(MSR_EFER, hold->efer);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Software Developer's Manual, volume 3C. */
#include <asm/desc.h>
#include <asm/msr.h>

#include "hold.h"
#include "vmx.h"

void vmnix_vmx_hold(struct vmnix_hold *hold)
{
	rdmsrl(MSR_EFER, hold->efer);
}

/*
 * A CPU comes back by a VM exit, which leaves TR with the smallest limit that a TSS may have (28.5.2).
 * Linux keeps the map of I/O ports beyond it and loads TR anew where a task needs that, if it is told.
 */
void vmnix_vmx_release(void)
{
	invalidate_tss_limit();
}

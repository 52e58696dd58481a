// SPDX-License-Identifier: GPL-2.0-only
/*
 * By the vendor, as the hypercall instruction is chosen: the virtualisation's own feature bit is not
 * to be seen in a console that was started by the VMM.
 */
#include <asm/cpufeature.h>

#include "hold.h"
#include "svm.h"
#include "vmx.h"

static bool is_svm(void)
{
	return boot_cpu_has(X86_FEATURE_VMMCALL);
}

void vmnix_hold(struct vmnix_hold *hold, bool open)
{
	if (is_svm())
		vmnix_svm_hold(hold, open);
	else
		vmnix_vmx_hold(hold);
}

void vmnix_release(const struct vmnix_hold *hold)
{
	if (is_svm())
		vmnix_svm_release(hold);
	else
		vmnix_vmx_release();
}

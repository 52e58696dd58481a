// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bits.h>
#include <asm/processor.h>

#include "abi/hypercall/hypercall.h"
#include "below.h"

#define FEATURES1_HYPERVISOR BIT(31) /* ECX: there are leaves of one */

bool vmnix_below(struct vmnix_below *below)
{
	u32 eax, ebx, ecx, edx;

	if (!(cpuid_ecx(1) & FEATURES1_HYPERVISOR))
		return false;
	cpuid(VMNIX_CPUID_BASE, &eax, &ebx, &ecx, &edx);
	if (ebx != VMNIX_CPUID_EBX || ecx != VMNIX_CPUID_ECX || edx != VMNIX_CPUID_EDX)
		return false;
	cpuid(VMNIX_CPUID_VERSION, &below->abi, &below->oldest, &ecx, &edx);
	return true;
}

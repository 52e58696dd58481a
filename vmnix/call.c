// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <asm/alternative.h>
#include <asm/cpufeatures.h>

#include "abi/hypercall/hypercall.h"
#include "call.h"

static int error_of(long rax)
{
	switch (-rax) {
	case 0:
		return 0;
	case VMNIX_HC_EINVAL:
		return -EINVAL;
	case VMNIX_HC_ENOSYS:
		return -EOPNOTSUPP;
	case VMNIX_HC_EFAULT:
		return -EFAULT;
	case VMNIX_HC_EPERM:
		return -EPERM;
	case VMNIX_HC_EBUSY:
		return -EBUSY;
	case VMNIX_HC_ETIMEDOUT:
		return -ETIMEDOUT;
	case VMNIX_HC_ENOENT:
		return -ENOENT;
	case VMNIX_HC_ENOMEM:
		return -ENOMEM;
	case VMNIX_HC_EEXIST:
		return -EEXIST;
	case VMNIX_HC_EAGAIN:
		return -EAGAIN;
	case VMNIX_HC_ENOSPC:
		return -ENOSPC;
	default:
		return -EIO; /* an error of a newer VMM */
	}
}

/*
 * Only as a guest: on a bare CPU either instruction is an undefined opcode. Linux says of every AMD CPU
 * that it has VMMCALL, whatever CPUID shows, and of no other.
 */
static long hypercall(struct vmnix_registers *call)
{
	asm volatile(ALTERNATIVE("vmcall", "vmmcall", X86_FEATURE_VMMCALL)
		     : "+a"(call->rax), "+D"(call->rdi), "+S"(call->rsi), "+d"(call->rdx)
		     :
		     : "memory");
	return call->rax;
}

int vmnix_call_atomic(struct vmnix_registers *registers)
{
	return error_of(hypercall(registers));
}

int vmnix_call(struct vmnix *v, struct vmnix_registers *registers)
{
	int ret = -ENODEV;

	down_read(&v->gate);
	if (v->launched)
		ret = vmnix_call_atomic(registers);
	up_read(&v->gate);
	return ret;
}

int vmnix_call_version(struct vmnix *v)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_VERSION };
	int ret = vmnix_call_atomic(&call);

	v->features = ret ? 0 : call.rsi;
	return ret;
}

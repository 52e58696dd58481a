// SPDX-License-Identifier: GPL-2.0-only
#include "attach_rules.h"
#include "preflight_rows.h"

/* A newer VMM serves the older module; a newer module leaves out what an older VMM lacks. */
static bool speaks_the_same(const struct vmnix_attach_facts *f)
{
	if (f->module_abi <= f->vmm_abi)
		return f->module_abi >= f->vmm_oldest;
	return f->module_abi == f->vmm_abi + 1;
}

static void refuse_abi(const struct vmnix_attach_facts *f, struct vmnix_refusal *r)
{
	vmnix_refuse(r, EPROTO, "this module speaks hypercall ABI %u, the VMM below %u (oldest %u)",
		     f->module_abi, f->vmm_abi, f->vmm_oldest);
	if (f->version[0])
		vmnix_remedy(r, "use the module of vmnix %s; the VMs go on meanwhile", f->version);
	else
		vmnix_remedy(r, "use a module of ABI %u to %u; the VMs go on meanwhile",
			     f->vmm_oldest, f->vmm_abi + 1);
}

struct vmnix_refusal vmnix_attach_judge(const struct vmnix_attach_facts *facts)
{
	struct vmnix_refusal refusal;

	memset(&refusal, 0, sizeof(refusal));
	if (!speaks_the_same(facts)) {
		refuse_abi(facts, &refusal);
	} else if (!facts->restarts) {
		vmnix_refuse(&refusal, EEXIST,
			     "this Linux runs under a vmnix VMM that takes no second driver");
		vmnix_remedy(&refusal, "unload the module that launched it first");
	}
	return refusal;
}

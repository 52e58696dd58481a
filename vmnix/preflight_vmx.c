// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an Intel CPU must be able to do. SDM volume 3D, appendix A: in a control's MSR the high half
 * has a bit set where the control may be 1.
 */
#include "preflight_rows.h"

#define BIT_CR4_LA57 (1ull << 12)
#define BIT_CR4_VMXE (1ull << 13)
#define BIT_FEATURE_LOCK (1ull << 0)
#define BIT_FEATURE_VMX_OUTSIDE_SMX (1ull << 2)

#define MSR_BASIC 0x480u
#define MSR_SECONDARY 0x48bu
#define MSR_EPT_VPID 0x48cu
#define MSR_TRUE_PIN 0x48du
#define MSR_TRUE_PRIMARY 0x48eu
#define MSR_TRUE_EXIT 0x48fu
#define MSR_TRUE_ENTRY 0x490u

#define MAY_BE_SET(control) (32 + (control))
#define BIT_EPT_WALK_5 (1ull << 7)
#define PHYSICAL_BITS_4_LEVELS 48

/* Without one of these the VMM does not run: bit of an MSR, and what it stands for. */
struct need {
	uint32_t msr;
	uint32_t bit;
	const char *what;
};

static const struct need controls[] = {
	{ MSR_TRUE_PIN, MAY_BE_SET(0), "external-interrupt exiting" },
	{ MSR_TRUE_PIN, MAY_BE_SET(3), "NMI exiting" },
	{ MSR_TRUE_PIN, MAY_BE_SET(5), "virtual NMIs" },
	{ MSR_TRUE_PRIMARY, MAY_BE_SET(2), "interrupt-window exiting" },
	{ MSR_TRUE_PRIMARY, MAY_BE_SET(7), "HLT exiting" },
	{ MSR_TRUE_PRIMARY, MAY_BE_SET(11), "RDPMC exiting" },
	{ MSR_TRUE_PRIMARY, MAY_BE_SET(19), "CR8-load exiting" },
	{ MSR_TRUE_PRIMARY, MAY_BE_SET(20), "CR8-store exiting" },
	{ MSR_TRUE_PRIMARY, MAY_BE_SET(22), "NMI-window exiting" },
	{ MSR_TRUE_PRIMARY, MAY_BE_SET(25), "I/O bitmaps" },
	{ MSR_TRUE_PRIMARY, MAY_BE_SET(28), "MSR bitmaps" },
	{ MSR_TRUE_PRIMARY, MAY_BE_SET(31), "secondary controls" },
	{ MSR_SECONDARY, MAY_BE_SET(1), "EPT" },
	{ MSR_SECONDARY, MAY_BE_SET(5), "VPID" },
	{ MSR_SECONDARY, MAY_BE_SET(6), "WBINVD exiting" },
	{ MSR_SECONDARY, MAY_BE_SET(7), "unrestricted guest" },
	{ MSR_TRUE_EXIT, MAY_BE_SET(2), "saving debug controls on exit" },
	{ MSR_TRUE_EXIT, MAY_BE_SET(9), "64-bit host" },
	{ MSR_TRUE_EXIT, MAY_BE_SET(15), "acknowledging interrupts on exit" },
	{ MSR_TRUE_EXIT, MAY_BE_SET(18), "saving PAT on exit" },
	{ MSR_TRUE_EXIT, MAY_BE_SET(19), "loading PAT on exit" },
	{ MSR_TRUE_EXIT, MAY_BE_SET(20), "saving EFER on exit" },
	{ MSR_TRUE_EXIT, MAY_BE_SET(21), "loading EFER on exit" },
	{ MSR_TRUE_ENTRY, MAY_BE_SET(2), "loading debug controls on entry" },
	{ MSR_TRUE_ENTRY, MAY_BE_SET(9), "64-bit guests" },
	{ MSR_TRUE_ENTRY, MAY_BE_SET(14), "loading PAT on entry" },
	{ MSR_TRUE_ENTRY, MAY_BE_SET(15), "loading EFER on entry" },
};

static const struct need ept[] = {
	{ MSR_EPT_VPID, 6, "EPT of 4 levels" },
	{ MSR_EPT_VPID, 14, "write-back EPT structures" },
	{ MSR_EPT_VPID, 16, "EPT pages of 2 MiB" },
	{ MSR_EPT_VPID, 20, "INVEPT" },
	{ MSR_EPT_VPID, 25, "INVEPT of one context" },
	{ MSR_EPT_VPID, 26, "INVEPT of all contexts" },
	{ MSR_EPT_VPID, 32, "INVVPID" },
	{ MSR_EPT_VPID, 41, "INVVPID of one context" },
	{ MSR_EPT_VPID, 42, "INVVPID of all contexts" },
};

static uint64_t msr_of(const struct vmnix_facts *f, uint32_t msr)
{
	return f->vmx_msrs[VMNIX_VMX_MSR(msr)];
}

/* Of a CPU without VT-x a row of its own says so, and this and the next ones have nothing to judge.
 */
static bool refuse_missing(const struct vmnix_facts *f, struct vmnix_refusal *r,
			   const struct need *needs, uint32_t count)
{
	uint32_t i;

	if (!f->vmx)
		return false;
	for (i = 0; i < count && msr_of(f, needs[i].msr) >> needs[i].bit & 1; i++)
		;
	if (i == count)
		return false;
	vmnix_refuse(r, ENODEV, "this CPU's VT-x lacks %s (MSR %#x bit %u)", needs[i].what,
		     needs[i].msr, needs[i].bit);
	return vmnix_remedy(r, "use a newer CPU; inside a virtual machine, "
			       "let the outer hypervisor offer it");
}

bool vmnix_row_vmx(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (f->vmx)
		return false;
	vmnix_refuse(r, ENODEV, "this CPU does not offer VT-x");
	return vmnix_remedy(r, "enable 'Intel Virtualization Technology' in the firmware set-up; "
			       "inside a virtual machine, allow nested virtualisation");
}

/*
 * VMXON wants the register locked and VT-x enabled in it, SDM volume 3C, 24.7. Linux with KVM does
 * both at boot where the firmware left it open. Inside SMX another bit counts, but CR4.SMXE is
 * refused as unknown.
 */
bool vmnix_row_vmx_firmware_switch(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	const uint64_t needed = BIT_FEATURE_LOCK | BIT_FEATURE_VMX_OUTSIDE_SMX;
	uint32_t i;

	if (!f->vmx)
		return false;
	for (i = 0; i < f->cpu_count && (f->cpu[i].feature_control & needed) == needed; i++)
		;
	if (i == f->cpu_count)
		return false;
	if (f->cpu[i].feature_control & BIT_FEATURE_LOCK)
		vmnix_refuse(r, EPERM,
			     "VT-x is disabled and locked by the firmware on CPU %u "
			     "(IA32_FEATURE_CONTROL %#llx)",
			     f->cpu[i].cpu, (unsigned long long)f->cpu[i].feature_control);
	else
		vmnix_refuse(r, EPERM,
			     "neither firmware nor Linux has enabled VT-x on CPU %u "
			     "(IA32_FEATURE_CONTROL %#llx)",
			     f->cpu[i].cpu, (unsigned long long)f->cpu[i].feature_control);
	return vmnix_remedy(r, "enable 'Intel Virtualization Technology' in the firmware set-up, "
			       "then switch the machine off and on");
}

bool vmnix_row_vmx_in_use(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	uint32_t i;

	for (i = 0; i < f->cpu_count && !(f->cpu[i].cr4 & BIT_CR4_VMXE); i++)
		;
	if (i == f->cpu_count)
		return false;
	vmnix_refuse(r, EBUSY, "VT-x is in use on CPU %u (CR4.VMXE)", f->cpu[i].cpu);
	return vmnix_remedy_kvm(f, r, "kvm_intel");
}

/* IA32_VMX_BASIC, SDM volume 3D, A.1. */
bool vmnix_row_vmx_basic(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	const uint64_t basic = msr_of(f, MSR_BASIC), write_back = 6;
	const uint32_t bytes = basic >> 32 & 0x1fff, type = basic >> 50 & 0xf;

	if (!f->vmx)
		return false;
	if (!bytes || bytes > VMNIX_PAGE_SIZE)
		vmnix_refuse(r, ENODEV, "this CPU's VMCS takes %u bytes", bytes);
	else if (basic >> 48 & 1)
		vmnix_refuse(r, ENODEV, "this CPU's VMCS has to lie below 4 GiB");
	else if (type != write_back)
		vmnix_refuse(r, ENODEV, "this CPU's VMCS is not of memory type write-back (but %u)",
			     type);
	else if (!(basic >> 55 & 1))
		vmnix_refuse(r, ENODEV, "this CPU's VT-x lacks true controls (MSR %#x bit 55)",
			     MSR_BASIC);
	else
		return false;
	return vmnix_remedy(r, "use a newer CPU; inside a virtual machine, "
			       "let the outer hypervisor offer it");
}

bool vmnix_row_vmx_controls(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	return refuse_missing(f, r, controls, sizeof(controls) / sizeof(controls[0]));
}

/*
 * How many levels the guest's own tables have does not matter to EPT, which translates physical
 * addresses: 4 levels cover 48 bits of them, and what lies beyond is an EPT violation that no table
 * can cure (SDM volume 3C, 29.3.2). A kernel that runs with 4 levels itself has RAM below 64 TiB,
 * and firmware puts its devices where such a kernel reaches them; one with 5 levels may use all
 * bits that the CPU has.
 */
static bool needs_5_levels(const struct vmnix_facts *f)
{
	return f->physical_bits > PHYSICAL_BITS_4_LEVELS && f->cpu[0].cr4 & BIT_CR4_LA57;
}

bool vmnix_row_vmx_ept(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (refuse_missing(f, r, ept, sizeof(ept) / sizeof(ept[0])))
		return true;
	if (!f->vmx || !needs_5_levels(f) || msr_of(f, MSR_EPT_VPID) & BIT_EPT_WALK_5)
		return false;
	vmnix_refuse(r, ENODEV,
		     "Linux runs with 5-level paging and %u physical address bits, "
		     "and this CPU's VT-x lacks EPT of 5 levels",
		     f->physical_bits);
	return vmnix_remedy(r, "boot with no5lvl");
}

// SPDX-License-Identifier: GPL-2.0-only
/* What the CPUs must be able to do, and what they must not be doing already. */
#include "preflight_rows.h"
#include "known_bits.h"

#define BIT_APIC_BASE_BSP (1ull << 8)
#define BIT_APIC_BASE_ENABLE (1ull << 11)
/* TSD and PCE change with the task, PSE means nothing in 64-bit mode. */
#define BITS_CR4_FREE ((1ull << 2) | (1ull << 4) | (1ull << 8))
#define BIT_EFER_LMA (1ull << 10)
#define BIT_EFER_NXE (1ull << 11)
#define BIT_EFER_SVME (1ull << 12)
#define BIT_S_CET_SH_STK_EN 1ull
#define BIT_SYSCFG_MEM_ENC (1ull << 23)
#define BIT_VM_CR_LOCK (1ull << 3)
#define BIT_VM_CR_SVMDIS (1ull << 4)

/*
 * VIA and Zhaoxin have VT-x as well, but whether theirs is Intel's in all that a launch needs
 * nobody has seen.
 */
static const struct {
	const char *name;
	uint32_t vendor;
} vendors[] = {
	{ "AuthenticAMD", VMNIX_VENDOR_AMD },
	{ "HygonGenuine", VMNIX_VENDOR_AMD },
	{ "GenuineIntel", VMNIX_VENDOR_INTEL },
};

uint32_t vmnix_vendor(const struct vmnix_facts *f)
{
	uint32_t i;

	for (i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++)
		if (!strcmp(f->vendor, vendors[i].name))
			return vendors[i].vendor;
	return VMNIX_VENDOR_OTHER;
}

bool vmnix_row_vendor(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (vmnix_vendor(f) != VMNIX_VENDOR_OTHER)
		return false;
	vmnix_refuse(r, ENODEV, "CPUs by '%s' are not supported", f->vendor);
	return vmnix_remedy(r, "use a machine with an AMD CPU that has SVM, "
			       "or an Intel CPU that has VT-x");
}

bool vmnix_row_svm(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (f->svm)
		return false;
	vmnix_refuse(r, ENODEV, "this CPU does not offer SVM");
	return vmnix_remedy(r, "enable 'SVM mode' in the firmware set-up; "
			       "inside a virtual machine, allow nested virtualisation");
}

bool vmnix_row_npt(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (f->npt && f->svm_asids >= 2)
		return false;
	vmnix_refuse(r, ENODEV,
		     f->npt ? "this CPU has too few address space identifiers"
			    : "this CPU has no nested paging");
	return vmnix_remedy(r, "use a newer CPU; inside a virtual machine, allow nested paging");
}

bool vmnix_row_firmware_switch(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	uint32_t i;

	for (i = 0; i < f->cpu_count; i++) {
		if (!(f->cpu[i].vm_cr & BIT_VM_CR_SVMDIS))
			continue;
		vmnix_refuse(r, EPERM, "SVM is disabled%s on CPU %u (VM_CR.SVMDIS)",
			     f->cpu[i].vm_cr & BIT_VM_CR_LOCK ? " and locked by the firmware" : "",
			     f->cpu[i].cpu);
		return vmnix_remedy(r, "enable 'SVM mode' in the firmware set-up");
	}
	return false;
}

bool vmnix_row_svm_in_use(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	uint32_t i;

	for (i = 0; i < f->cpu_count && !(f->cpu[i].efer & BIT_EFER_SVME); i++)
		;
	if (i == f->cpu_count)
		return false;
	vmnix_refuse(r, EBUSY, "SVM is in use on CPU %u (EFER.SVME)", f->cpu[i].cpu);
	return vmnix_remedy_kvm(f, r, "kvm_amd");
}

bool vmnix_remedy_kvm(const struct vmnix_facts *f, struct vmnix_refusal *r, const char *module)
{
	if (f->unknown & VMNIX_UNKNOWN_KVM)
		return vmnix_remedy(r,
				    "stop virtual machines that use KVM, if any, "
				    "then 'modprobe -r %s'",
				    module);
	if (f->kvm_users)
		return vmnix_remedy(r,
				    "stop the virtual machines that use KVM, "
				    "then 'modprobe -r %s'",
				    module);
	return vmnix_remedy(r, "'modprobe -r %s' (the vmnix service does it)", module);
}

bool vmnix_row_long_mode(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if ((f->cpu[0].efer & (BIT_EFER_LMA | BIT_EFER_NXE)) == (BIT_EFER_LMA | BIT_EFER_NXE))
		return false;
	vmnix_refuse(r, ENODEV, "Linux runs without %s",
		     f->cpu[0].efer & BIT_EFER_LMA ? "no-execute pages" : "long mode");
	return vmnix_remedy(r, "boot a 64-bit kernel without noexec=off");
}

/* The first register in which two CPUs differ, and the bits, or NULL. */
static const char *difference(const struct vmnix_cpu_facts *a, const struct vmnix_cpu_facts *b,
			      uint64_t *bits)
{
	if ((*bits = (a->cr4 ^ b->cr4) & ~BITS_CR4_FREE))
		return "CR4";
	if ((*bits = (a->efer ^ b->efer) & ~BIT_EFER_SVME))
		return "EFER";
	if ((*bits = a->xcr0 ^ b->xcr0))
		return "XCR0";
	if ((*bits = a->xss ^ b->xss))
		return "IA32_XSS";
	if ((*bits = a->syscfg ^ b->syscfg))
		return "SYSCFG";
	return NULL;
}

/* One set of controls serves all CPUs. */
static bool refuse_other_vmx(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	uint32_t i;

	for (i = 0; i < f->cpu_count && !f->cpu[i].vmx_differs; i++)
		;
	if (i == f->cpu_count)
		return false;
	vmnix_refuse(r, ENODEV, "CPU %u has other VT-x capabilities than the others (MSR %#x)",
		     f->cpu[i].cpu, f->cpu[i].vmx_differs);
	return vmnix_remedy(r, "report this machine");
}

bool vmnix_row_agreement(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	const char *where = NULL;
	uint64_t bits = 0;
	uint32_t i;

	for (i = 1; i < f->cpu_count && !where; i++)
		where = difference(&f->cpu[0], &f->cpu[i], &bits);
	if (!where)
		return refuse_other_vmx(f, r);
	vmnix_refuse(r, ENODEV, "CPUs %u and %u differ in %s (bits %#llx)", f->cpu[0].cpu,
		     f->cpu[i - 1].cpu, where, (unsigned long long)bits);
	return vmnix_remedy(r, "report this machine");
}

bool vmnix_row_encryption(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	uint32_t i;

	for (i = 0; i < f->cpu_count; i++) {
		if (!(f->cpu[i].syscfg & BIT_SYSCFG_MEM_ENC))
			continue;
		vmnix_refuse(r, ENODEV, "memory encryption is in force (SYSCFG.MEM_ENC), "
					"which is not supported yet");
		return vmnix_remedy(r, "boot with mem_encrypt=off; if that does not help, "
				       "disable SME in the firmware set-up");
	}
	return false;
}

static uint64_t word_of(const struct vmnix_cpu_facts *cpu, enum vmnix_word word)
{
	switch (word) {
	case VMNIX_WORD_CR4:
		return cpu->cr4;
	case VMNIX_WORD_EFER:
		return cpu->efer;
	case VMNIX_WORD_XCR0:
		return cpu->xcr0;
	default:
		return cpu->xss;
	}
}

static bool refuse_bit(struct vmnix_refusal *r, const struct vmnix_cpu_facts *cpu,
		       enum vmnix_word word, uint32_t bit)
{
	const char *name = vmnix_bit_name(word, bit);

	vmnix_refuse(r, ENODEV, "CPU %u has %s bit %u%s%s%s set, which is not supported", cpu->cpu,
		     vmnix_word_name(word), bit, name ? " (" : "", name ? name : "",
		     name ? ")" : "");
	return vmnix_remedy(r, "disable the feature on the kernel command line "
			       "or in the firmware set-up");
}

/* The lowest bit of a register that is set and not known, or 64. */
static uint32_t unknown_bit(const struct vmnix_cpu_facts *cpu, enum vmnix_word word)
{
	uint64_t value = word_of(cpu, word);
	uint32_t bit;

	for (bit = 0; bit < 64; bit++)
		if ((value >> bit & 1) && !vmnix_bit_is_known(word, bit))
			break;
	return bit;
}

bool vmnix_row_closed_world(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	uint32_t i, word, bit;

	for (i = 0; i < f->cpu_count; i++) {
		for (word = 0; word < VMNIX_WORDS; word++) {
			bit = unknown_bit(&f->cpu[i], (enum vmnix_word)word);
			if (bit < 64)
				return refuse_bit(r, &f->cpu[i], (enum vmnix_word)word, bit);
		}
	}
	return false;
}

bool vmnix_row_supervisor_shadow_stack(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	uint32_t i;

	for (i = 0; i < f->cpu_count; i++) {
		if (!(f->cpu[i].s_cet & BIT_S_CET_SH_STK_EN))
			continue;
		vmnix_refuse(r, ENODEV, "CPU %u runs the kernel with shadow stacks (S_CET), "
					"which is not supported",
			     f->cpu[i].cpu);
		return vmnix_remedy(r, "boot a kernel without supervisor shadow stacks");
	}
	return false;
}

/* All in xAPIC mode at one address, or all in x2APIC mode. */
bool vmnix_row_lapic(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	uint32_t i;

	for (i = 0; i < f->cpu_count; i++) {
		if (!(f->cpu[i].apic_base & BIT_APIC_BASE_ENABLE)) {
			vmnix_refuse(r, ENODEV, "the local APIC of CPU %u is disabled",
				     f->cpu[i].cpu);
			return vmnix_remedy(r, "boot without nolapic and noapic");
		}
		if ((f->cpu[i].apic_base ^ f->cpu[0].apic_base) & ~BIT_APIC_BASE_BSP) {
			vmnix_refuse(r, ENODEV, "the local APIC of CPU %u is in another mode "
						"or place than that of CPU %u",
				     f->cpu[i].cpu, f->cpu[0].cpu);
			return vmnix_remedy(r, "report this machine");
		}
	}
	return false;
}

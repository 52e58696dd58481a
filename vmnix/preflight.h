/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * May this machine be launched? A pure function over recorded facts: the module gathers them in
 * facts.c, the command "vmnix check" from user space, the unit tests invent them.
 */
#ifndef VMNIX_PREFLIGHT_H
#define VMNIX_PREFLIGHT_H

#include "portable.h"
#include "abi/handover/handover.h"
#include "elf.h"

/* VT-x capability MSRs, IA32_VMX_BASIC to IA32_VMX_VMFUNC: SDM volume 3D, appendix A. */
#define VMNIX_VMX_MSR_FIRST 0x480u
#define VMNIX_VMX_MSRS 18u
#define VMNIX_VMX_MSR(msr) ((msr) - VMNIX_VMX_MSR_FIRST)

/* Registers of one CPU, zero where CPUID says that it has none. */
struct vmnix_cpu_facts {
	uint32_t cpu; /* Linux's number */
	uint32_t apic_id;
	uint64_t cr4;
	uint64_t efer;
	uint64_t xcr0;
	uint64_t xss;		  /* IA32_XSS */
	uint64_t vm_cr;		  /* AMD: VM_CR */
	uint64_t syscfg;	  /* AMD: SYSCFG */
	uint64_t s_cet;		  /* IA32_S_CET */
	uint64_t apic_base;	  /* IA32_APIC_BASE */
	uint64_t feature_control; /* Intel: IA32_FEATURE_CONTROL */
	uint32_t vmx_differs;	  /* Intel: the first MSR that is not as in vmx_msrs[]; 0: none */
	uint32_t reserved;
};

/* Groups of facts that could not be had; their rows are skipped. The module has all. */
enum vmnix_unknown {
	VMNIX_UNKNOWN_REGISTERS = 1u << 0, /* CR4 and MSRs: user space sees some, or none */
	VMNIX_UNKNOWN_IMAGE = 1u << 1,
	VMNIX_UNKNOWN_KVM = 1u << 2,	    /* kvm_users */
	VMNIX_UNKNOWN_MEMORY_MAP = 1u << 3, /* memory_ranges */
};

struct vmnix_facts {
	uint32_t unknown; /* enum vmnix_unknown */
	/* CPUID */
	char vendor[13];
	bool under_vmnix; /* VMNIX_CPUID_BASE answers */
	bool vmx;
	bool svm;
	bool npt;
	bool invariant_tsc;
	uint32_t svm_asids;
	uint32_t physical_bits;
	/* What Linux says */
	bool command_line_off; /* vmnix=off */
	uint32_t kvm_users;    /* references to kvm_amd or kvm_intel */
	uint64_t tsc_khz;
	uint64_t highest_ram; /* first address above all RAM */
	uint64_t memory_needed, memory_available;
	uint32_t cpu_count;	/* online; entries of cpu[] */
	uint32_t offline_count; /* present but not online */
	uint32_t first_offline; /* Linux's number */
	uint32_t ioapic_count;
	uint32_t memory_ranges; /* entries of the memory map */
	enum vmnix_image_error image;
	uint64_t vmx_msrs[VMNIX_VMX_MSRS]; /* Intel: of one CPU, zero where it has none */
	struct vmnix_cpu_facts cpu[VMNIX_MAX_CPUS];
};

struct vmnix_refusal {
	int error; /* positive errno; 0: accepted */
	char reason[160];
	char remedy[160];
};

enum vmnix_verdict {
	VMNIX_ROW_ACCEPTED,
	VMNIX_ROW_REFUSED,
	VMNIX_ROW_UNKNOWN,
	VMNIX_ROW_OTHER_VENDOR, /* it is about CPUs that this machine does not have */
};

/*
 * What the VMM needs: image, log and maps; structures and stacks of each CPU; page tables, its own and
 * the nested ones, by 2 MiB pages for RAM as if there were no larger. A multiple of 2 MiB.
 */
static inline uint64_t vmnix_memory_needed(uint32_t cpus, uint64_t highest_ram)
{
	const uint64_t fixed = 768ull << 10, per_cpu = 80ull << 10, unit = 2ull << 20;
	const uint64_t tables = (highest_ram >> 30) * 2 * 4096;

	return (fixed + cpus * per_cpu + tables + unit - 1) / unit * unit;
}

VMNIX_BEGIN_C
/* The first row that refuses decides. */
struct vmnix_refusal vmnix_preflight(const struct vmnix_facts *facts);

/*
 * Row by row, to show all that is in the way: rows are numbered from 0, and a name of NULL ends
 * them. More CPUs than cpu[] holds must come with VMNIX_UNKNOWN_REGISTERS.
 */
const char *vmnix_preflight_row_name(uint32_t row);
enum vmnix_verdict vmnix_preflight_row(const struct vmnix_facts *facts, uint32_t row,
				       struct vmnix_refusal *refusal);

/* What is worth telling of an accepted machine, or NULL: index 0 and up. */
const char *vmnix_preflight_warning(const struct vmnix_facts *facts, uint32_t index);
VMNIX_END_C

#endif

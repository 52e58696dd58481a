// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <asm/cpufeature.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/tsc.h>

#include "below.h"
#include "facts.h"

#define CPUID_SVM 0x8000000a
#define SVM_NPT BIT(0)
#define CPUID_XSAVE 0xd
#define XSAVE_XSAVES BIT(3)
#define CPUID_FEATURES7 7
#define FEATURES7_SHSTK BIT(7) /* ECX */
#define FEATURES7_IBT BIT(20)  /* EDX */
#define MSR_S_CET 0x6a2
#define MSR_XSS 0xda0
#define MSR_FEATURE_CONTROL 0x3a

static bool has_leaf(u32 leaf)
{
	return cpuid_eax(leaf & 0xffff0000) >= leaf;
}

static bool has_xss(void)
{
	u32 eax, ebx, ecx, edx;

	if (!has_leaf(CPUID_XSAVE))
		return false;
	cpuid_count(CPUID_XSAVE, 1, &eax, &ebx, &ecx, &edx);
	return eax & XSAVE_XSAVES;
}

static bool has_cet(void)
{
	u32 eax, ebx, ecx, edx;

	if (!has_leaf(CPUID_FEATURES7))
		return false;
	cpuid_count(CPUID_FEATURES7, 0, &eax, &ebx, &ecx, &edx);
	return ecx & FEATURES7_SHSTK || edx & FEATURES7_IBT;
}

/* MSRs that a CPU lacks are zero. */
static void read_vmx_msrs(u64 *msrs)
{
	u32 i;

	for (i = 0; i < VMNIX_VMX_MSRS; i++)
		if (rdmsrl_safe(VMNIX_VMX_MSR_FIRST + i, &msrs[i]))
			msrs[i] = 0;
}

static void read_vmx(const struct vmnix_facts *facts, struct vmnix_cpu_facts *cpu)
{
	u64 msrs[VMNIX_VMX_MSRS];
	u32 i;

	rdmsrl_safe(MSR_FEATURE_CONTROL, &cpu->feature_control);
	read_vmx_msrs(msrs);
	for (i = 0; i < VMNIX_VMX_MSRS && msrs[i] == facts->vmx_msrs[i]; i++)
		;
	cpu->vmx_differs = i < VMNIX_VMX_MSRS ? VMNIX_VMX_MSR_FIRST + i : 0;
}

/* On each CPU, from an IPI. MSRs that a CPU may lack are read in the safe way and stay zero. */
static void read_cpu(void *data)
{
	struct vmnix_facts *facts = data;
	struct vmnix_cpu_facts *cpu = NULL;
	u32 i;

	for (i = 0; i < facts->cpu_count && !cpu; i++)
		if (facts->cpu[i].cpu == smp_processor_id())
			cpu = &facts->cpu[i];
	if (!cpu)
		return;
	cpu->apic_id = cpu_physical_id(smp_processor_id());
	cpu->cr4 = __read_cr4();
	rdmsrl(MSR_EFER, cpu->efer);
	rdmsrl(MSR_IA32_APICBASE, cpu->apic_base);
	if (cpu->cr4 & X86_CR4_OSXSAVE)
		cpu->xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
	if (has_xss())
		rdmsrl_safe(MSR_XSS, &cpu->xss);
	if (has_cet())
		rdmsrl_safe(MSR_S_CET, &cpu->s_cet);
	if (facts->svm) {
		rdmsrl_safe(MSR_VM_CR, &cpu->vm_cr);
		rdmsrl_safe(MSR_AMD64_SYSCFG, &cpu->syscfg);
	}
	if (facts->vmx)
		read_vmx(facts, cpu);
}

static void read_cpuid(struct vmnix_facts *facts)
{
	struct vmnix_below below;

	memcpy(facts->vendor, boot_cpu_data.x86_vendor_id, sizeof(facts->vendor) - 1);
	facts->vmx = cpuid_ecx(1) & BIT(5);
	facts->svm = has_leaf(0x80000001) && (cpuid_ecx(0x80000001) & BIT(2));
	if (facts->svm && has_leaf(CPUID_SVM)) {
		facts->npt = cpuid_edx(CPUID_SVM) & SVM_NPT;
		facts->svm_asids = cpuid_ebx(CPUID_SVM);
	}
	facts->invariant_tsc = has_leaf(0x80000007) && (cpuid_edx(0x80000007) & BIT(8));
	facts->physical_bits = boot_cpu_data.x86_phys_bits;
	facts->under_vmnix = vmnix_below(&below);
}

static void list_cpus(struct vmnix_facts *facts)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		if (facts->cpu_count < VMNIX_MAX_CPUS)
			facts->cpu[facts->cpu_count].cpu = cpu;
		facts->cpu_count++;
	}
	for_each_present_cpu(cpu) {
		if (cpu_online(cpu))
			continue;
		if (!facts->offline_count++)
			facts->first_offline = cpu;
	}
}

void vmnix_facts_gather(struct vmnix_facts *facts, const struct vmnix_platform *platform)
{
	facts->unknown = VMNIX_UNKNOWN_KVM;
	read_cpuid(facts);
	list_cpus(facts);
	facts->tsc_khz = tsc_khz;
	facts->highest_ram = platform->highest_ram;
	facts->memory_ranges = platform->memory_count;
	facts->ioapic_count = platform->ioapic_count;
	facts->memory_needed = vmnix_memory_needed(facts->cpu_count, facts->highest_ram);
	facts->memory_available = (u64)si_mem_available() << PAGE_SHIFT;
	if (facts->vmx)
		read_vmx_msrs(facts->vmx_msrs);
	if (facts->cpu_count <= VMNIX_MAX_CPUS)
		on_each_cpu(read_cpu, facts, 1);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * One function per row, in the order of the table at the end: first what no remedy helps against, then what firmware,
 * administrator or installation can change. A row returns whether it refuses.
 */
#include "preflight.h"
#include "image_text.h"
#include "known_bits.h"

#define BIT_APIC_BASE_ENABLE (1ull << 11)
#define BIT_CR4_LA57 (1ull << 12)
#define BITS_CR4_PER_TASK ((1ull << 2) | (1ull << 8)) /* TSD and PCE change with the task */
#define BIT_EFER_LMA (1ull << 10)
#define BIT_EFER_NXE (1ull << 11)
#define BIT_EFER_SVME (1ull << 12)
#define BIT_S_CET_SH_STK_EN 1ull
#define BIT_SYSCFG_MEM_ENC (1ull << 23)
#define BIT_VM_CR_LOCK (1ull << 3)
#define BIT_VM_CR_SVMDIS (1ull << 4)
#define PHYSICAL_BITS_LEAST 36
/* Beyond this the VMM's window onto physical memory ends, with 4-level tables. */
#define PHYSICAL_BITS_MOST 52
#define RAM_MOST (64ull << 40)
#define TSC_KHZ_LEAST 100000ull

#ifdef __KERNEL__
#define PRINTF_LIKE(text, first) __printf(text, first)
#else
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#endif

static PRINTF_LIKE(3, 4) bool refuse(struct vmnix_refusal *r, int error, const char *format, ...)
{
	va_list arguments;

	r->error = error;
	va_start(arguments, format);
	vsnprintf(r->reason, sizeof(r->reason), format, arguments);
	va_end(arguments);
	return true;
}

static PRINTF_LIKE(2, 3) bool remedy(struct vmnix_refusal *r, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(r->remedy, sizeof(r->remedy), format, arguments);
	va_end(arguments);
	return true;
}

static bool row_command_line(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (!f->command_line_off)
		return false;
	refuse(r, ECANCELED, "the kernel command line says vmnix=off");
	return remedy(r, "boot without it");
}

static bool row_under_vmnix(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (!f->under_vmnix)
		return false;
	refuse(r, EEXIST, "this Linux already runs under a vmnix VMM");
	return remedy(r, "use it ('vmnix status'), or unload the module that launched it first");
}

static bool row_vendor(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (!strcmp(f->vendor, "AuthenticAMD") || !strcmp(f->vendor, "HygonGenuine"))
		return false;
	if (!strcmp(f->vendor, "GenuineIntel") && f->vmx)
		refuse(r, ENODEV, "Intel VT-x is not supported yet");
	else
		refuse(r, ENODEV, "CPUs by '%s' are not supported", f->vendor);
	return remedy(r, "use a machine with an AMD CPU that has SVM");
}

static bool row_svm(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (f->svm)
		return false;
	refuse(r, ENODEV, "this CPU does not offer SVM");
	return remedy(r, "enable it in the firmware set-up ('SVM mode'); inside a virtual machine, allow nested virtualisation");
}

static bool row_npt(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (f->npt && f->svm_asids >= 2)
		return false;
	refuse(r, ENODEV, f->npt ? "this CPU has too few address space identifiers" : "this CPU has no nested paging");
	return remedy(r, "use a newer CPU; inside a virtual machine, allow nested paging");
}

static bool row_firmware_switch(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	uint32_t i;

	for (i = 0; i < f->cpu_count; i++) {
		if (!(f->cpu[i].vm_cr & BIT_VM_CR_SVMDIS))
			continue;
		refuse(r, EPERM, "SVM is disabled%s on CPU %u (VM_CR.SVMDIS)",
		       f->cpu[i].vm_cr & BIT_VM_CR_LOCK ? " and locked by the firmware" : "", f->cpu[i].cpu);
		return remedy(r, "enable 'SVM mode' in the firmware set-up");
	}
	return false;
}

static bool row_svm_in_use(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	uint32_t i;

	for (i = 0; i < f->cpu_count && !(f->cpu[i].efer & BIT_EFER_SVME); i++)
		;
	if (i == f->cpu_count)
		return false;
	refuse(r, EBUSY, "SVM is in use on CPU %u (EFER.SVME)", f->cpu[i].cpu);
	if (f->unknown & VMNIX_UNKNOWN_KVM)
		return remedy(r, "stop virtual machines that use KVM, if any, then 'modprobe -r kvm_amd'");
	if (f->kvm_users)
		return remedy(r, "stop the virtual machines that use KVM, then 'modprobe -r kvm_amd'");
	return remedy(r, "'modprobe -r kvm_amd' (the vmnix service does it)");
}

static bool row_long_mode(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if ((f->cpu[0].efer & (BIT_EFER_LMA | BIT_EFER_NXE)) == (BIT_EFER_LMA | BIT_EFER_NXE))
		return false;
	refuse(r, ENODEV, "Linux runs without %s", f->cpu[0].efer & BIT_EFER_LMA ? "no-execute pages" : "long mode");
	return remedy(r, "boot a 64-bit kernel without noexec=off");
}

static bool row_agreement(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	const struct vmnix_cpu_facts *a = &f->cpu[0], *b;
	const char *what = NULL;
	uint32_t i;

	for (i = 1; i < f->cpu_count && !what; i++) {
		b = &f->cpu[i];
		if ((a->cr4 ^ b->cr4) & ~BITS_CR4_PER_TASK)
			what = "CR4";
		else if ((a->efer ^ b->efer) & ~BIT_EFER_SVME)
			what = "EFER";
		else if (a->xcr0 != b->xcr0)
			what = "XCR0";
		else if (a->xss != b->xss)
			what = "IA32_XSS";
		else if (a->syscfg != b->syscfg)
			what = "SYSCFG";
	}
	if (!what)
		return false;
	refuse(r, ENODEV, "CPUs %u and %u differ in %s", a->cpu, b->cpu, what);
	return remedy(r, "boot with the same settings on all CPUs; report this machine");
}

static bool row_encryption(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (!(f->cpu[0].syscfg & BIT_SYSCFG_MEM_ENC))
		return false;
	refuse(r, ENODEV, "memory encryption is in force (SYSCFG.MEM_ENC), which is not supported yet");
	return remedy(r, "boot with mem_encrypt=off, and disable SME in the firmware set-up if it is still on");
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

static bool refuse_bit(struct vmnix_refusal *r, const struct vmnix_cpu_facts *cpu, enum vmnix_word word, uint32_t bit)
{
	const char *name = vmnix_bit_name(word, bit);

	refuse(r, ENODEV, "CPU %u has %s bit %u%s%s%s set, which is not supported", cpu->cpu, vmnix_word_name(word), bit,
	       name ? " (" : "", name ? name : "", name ? ")" : "");
	return remedy(r, "disable the feature on the kernel command line or in the firmware set-up");
}

static bool row_closed_world(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	uint32_t i, word, bit;

	for (i = 0; i < f->cpu_count; i++)
		for (word = 0; word < VMNIX_WORDS; word++)
			for (bit = 0; bit < 64; bit++)
				if ((word_of(&f->cpu[i], (enum vmnix_word)word) >> bit & 1) &&
				    !vmnix_bit_is_known((enum vmnix_word)word, bit))
					return refuse_bit(r, &f->cpu[i], (enum vmnix_word)word, bit);
	return false;
}

static bool row_supervisor_shadow_stack(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	uint32_t i;

	for (i = 0; i < f->cpu_count; i++) {
		if (!(f->cpu[i].s_cet & BIT_S_CET_SH_STK_EN))
			continue;
		refuse(r, ENODEV, "CPU %u runs the kernel with shadow stacks (S_CET), which is not supported",
		       f->cpu[i].cpu);
		return remedy(r, "boot a kernel without supervisor shadow stacks");
	}
	return false;
}

static bool row_physical_bits(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	bool five_levels = f->cpu[0].cr4 & BIT_CR4_LA57;

	if (f->physical_bits < PHYSICAL_BITS_LEAST || f->physical_bits > PHYSICAL_BITS_MOST) {
		refuse(r, ENODEV, "%u physical address bits are not supported", f->physical_bits);
		return remedy(r, "report this machine");
	}
	if (!five_levels && f->highest_ram > RAM_MOST) {
		refuse(r, E2BIG, "memory reaches beyond %llu TiB", (unsigned long long)(RAM_MOST >> 40));
		return remedy(r, "boot with mem=64T");
	}
	return false;
}

static bool row_lapic(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	uint32_t i;

	for (i = 0; i < f->cpu_count; i++) {
		if (f->cpu[i].apic_base & BIT_APIC_BASE_ENABLE)
			continue;
		refuse(r, ENODEV, "the local APIC of CPU %u is disabled", f->cpu[i].cpu);
		return remedy(r, "boot without nolapic and noapic");
	}
	return false;
}

static bool row_ioapic(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (f->ioapic_count && f->ioapic_count <= VMNIX_MAX_IOAPICS)
		return false;
	refuse(r, f->ioapic_count ? E2BIG : ENODEV, "ACPI lists %u IO-APICs; 1 to %u are supported", f->ioapic_count,
	       VMNIX_MAX_IOAPICS);
	return remedy(r, f->ioapic_count ? "report this machine" : "boot with ACPI");
}

static bool row_memory_map(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (f->memory_ranges <= VMNIX_MAX_MEMORY)
		return false;
	refuse(r, E2BIG, "the memory map has %u pieces; %u are supported", f->memory_ranges, VMNIX_MAX_MEMORY);
	return remedy(r, "report this machine with its /proc/iomem");
}

static bool row_tsc(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (f->tsc_khz >= TSC_KHZ_LEAST)
		return false;
	refuse(r, ENODEV, "the time stamp counter is unusable (%llu kHz)", (unsigned long long)f->tsc_khz);
	return remedy(r, "boot without notsc and tsc=unstable");
}

static bool row_offline_cpus(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (!f->offline_count)
		return false;
	refuse(r, EAGAIN, "CPU %u is present but offline%s", f->first_offline,
	       f->offline_count > 1 ? ", and it is not the only one" : "");
	return remedy(r, "echo 1 > /sys/devices/system/cpu/cpu%u/online (with nosmt or maxcpus= boot without)",
		      f->first_offline);
}

static bool row_too_many_cpus(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (f->cpu_count && f->cpu_count <= VMNIX_MAX_CPUS)
		return false;
	refuse(r, E2BIG, "there are %u CPUs; 1 to %u are supported", f->cpu_count, VMNIX_MAX_CPUS);
	return remedy(r, "boot with nr_cpus=%u", VMNIX_MAX_CPUS);
}

static bool row_image(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	const struct vmnix_image_text *text = vmnix_image_text(f->image);

	if (f->image == VMNIX_IMAGE_OK)
		return false;
	refuse(r, text->error, "%s", text->reason);
	return remedy(r, "%s", text->remedy);
}

static bool row_memory(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (f->memory_available >= f->memory_needed)
		return false;
	refuse(r, ENOMEM, "%llu MiB of memory are needed and %llu MiB available",
	       (unsigned long long)(f->memory_needed >> 20), (unsigned long long)(f->memory_available >> 20));
	return remedy(r, "stop programs or give the machine more memory");
}

struct row {
	const char *name;
	bool (*refuses)(const struct vmnix_facts *f, struct vmnix_refusal *r);
	uint32_t needs; /* enum vmnix_unknown: skipped when one of these is unknown */
};

static const struct row rows[] = {
	{ "kernel command line", row_command_line, 0 },
	{ "not launched yet", row_under_vmnix, 0 },
	{ "CPU vendor", row_vendor, 0 },
	{ "SVM", row_svm, 0 },
	{ "nested paging", row_npt, 0 },
	{ "number of CPUs", row_too_many_cpus, 0 },
	{ "SVM enabled by firmware", row_firmware_switch, VMNIX_UNKNOWN_REGISTERS },
	{ "64-bit mode", row_long_mode, VMNIX_UNKNOWN_REGISTERS },
	{ "SVM not in use", row_svm_in_use, VMNIX_UNKNOWN_REGISTERS },
	{ "CPU features in use", row_closed_world, VMNIX_UNKNOWN_REGISTERS },
	{ "memory encryption", row_encryption, VMNIX_UNKNOWN_REGISTERS },
	{ "shadow stacks", row_supervisor_shadow_stack, VMNIX_UNKNOWN_REGISTERS },
	{ "CPUs alike", row_agreement, VMNIX_UNKNOWN_REGISTERS },
	{ "local APIC", row_lapic, VMNIX_UNKNOWN_REGISTERS },
	{ "physical addresses", row_physical_bits, 0 },
	{ "IO-APIC", row_ioapic, 0 },
	{ "memory map", row_memory_map, VMNIX_UNKNOWN_MEMORY_MAP },
	{ "time stamp counter", row_tsc, 0 },
	{ "CPUs online", row_offline_cpus, 0 },
	{ "VMM image", row_image, VMNIX_UNKNOWN_IMAGE },
	{ "free memory", row_memory, 0 },
};

const char *vmnix_preflight_row_name(uint32_t row)
{
	return row < sizeof(rows) / sizeof(rows[0]) ? rows[row].name : NULL;
}

enum vmnix_verdict vmnix_preflight_row(const struct vmnix_facts *facts, uint32_t row, struct vmnix_refusal *refusal)
{
	memset(refusal, 0, sizeof(*refusal));
	if (rows[row].needs & facts->unknown)
		return VMNIX_ROW_UNKNOWN;
	return rows[row].refuses(facts, refusal) ? VMNIX_ROW_REFUSED : VMNIX_ROW_ACCEPTED;
}

struct vmnix_refusal vmnix_preflight(const struct vmnix_facts *facts)
{
	struct vmnix_refusal refusal;
	uint32_t i;

	memset(&refusal, 0, sizeof(refusal));
	for (i = 0; vmnix_preflight_row_name(i); i++)
		if (vmnix_preflight_row(facts, i, &refusal) == VMNIX_ROW_REFUSED)
			break;
	return refusal;
}

const char *vmnix_preflight_warning(const struct vmnix_facts *facts, uint32_t index)
{
	if (!facts->invariant_tsc && index-- == 0)
		return "the time stamp counter is not invariant: time in the console may drift in deep idle states";
	return NULL;
}

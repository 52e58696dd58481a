// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order of the table: first what no remedy helps against, then what firmware or administrator
 * can change.
 */
#include "preflight_rows.h"

bool vmnix_refuse(struct vmnix_refusal *r, int error, const char *format, ...)
{
	va_list arguments;

	r->error = error;
	va_start(arguments, format);
	vsnprintf(r->reason, sizeof(r->reason), format, arguments);
	va_end(arguments);
	return true;
}

bool vmnix_remedy(struct vmnix_refusal *r, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(r->remedy, sizeof(r->remedy), format, arguments);
	va_end(arguments);
	return true;
}

#define ALL VMNIX_VENDOR_ALL
#define AMD VMNIX_VENDOR_AMD
#define INTEL VMNIX_VENDOR_INTEL

static const struct row {
	const char *name;
	bool (*refuses)(const struct vmnix_facts *f, struct vmnix_refusal *r);
	uint32_t vendors; /* enum vmnix_vendor: skipped on the CPUs of others */
	uint32_t needs;	  /* enum vmnix_unknown: skipped when one of these is unknown */
} rows[] = {
	{ "kernel command line", vmnix_row_command_line, ALL, 0 },
	{ "not launched yet", vmnix_row_under_vmnix, ALL, 0 },
	{ "CPU vendor", vmnix_row_vendor, ALL, 0 },
	{ "SVM", vmnix_row_svm, AMD, 0 },
	{ "nested paging", vmnix_row_npt, AMD, 0 },
	{ "VT-x", vmnix_row_vmx, INTEL, 0 },
	{ "number of CPUs", vmnix_row_too_many_cpus, ALL, 0 },
	{ "SVM enabled by firmware", vmnix_row_firmware_switch, AMD, VMNIX_UNKNOWN_REGISTERS },
	{ "VT-x enabled by firmware", vmnix_row_vmx_firmware_switch, INTEL,
	  VMNIX_UNKNOWN_REGISTERS },
	{ "VT-x structures", vmnix_row_vmx_basic, INTEL, VMNIX_UNKNOWN_REGISTERS },
	{ "VT-x controls", vmnix_row_vmx_controls, INTEL, VMNIX_UNKNOWN_REGISTERS },
	{ "extended page tables", vmnix_row_vmx_ept, INTEL, VMNIX_UNKNOWN_REGISTERS },
	{ "64-bit mode", vmnix_row_long_mode, ALL, VMNIX_UNKNOWN_REGISTERS },
	{ "SVM not in use", vmnix_row_svm_in_use, AMD, VMNIX_UNKNOWN_REGISTERS },
	{ "VT-x not in use", vmnix_row_vmx_in_use, INTEL, VMNIX_UNKNOWN_REGISTERS },
	{ "CPU features in use", vmnix_row_closed_world, ALL, VMNIX_UNKNOWN_REGISTERS },
	{ "memory encryption", vmnix_row_encryption, AMD, VMNIX_UNKNOWN_REGISTERS },
	{ "shadow stacks", vmnix_row_supervisor_shadow_stack, ALL, VMNIX_UNKNOWN_REGISTERS },
	{ "CPUs alike", vmnix_row_agreement, ALL, VMNIX_UNKNOWN_REGISTERS },
	{ "local APIC", vmnix_row_lapic, ALL, VMNIX_UNKNOWN_REGISTERS },
	{ "physical addresses", vmnix_row_physical_bits, ALL, 0 },
	{ "IO-APIC", vmnix_row_ioapic, ALL, 0 },
	{ "memory map", vmnix_row_memory_map, ALL, VMNIX_UNKNOWN_MEMORY_MAP },
	{ "time stamp counter", vmnix_row_tsc, ALL, 0 },
	{ "CPUs online", vmnix_row_offline_cpus, ALL, 0 },
	{ "VMM image", vmnix_row_image, ALL, VMNIX_UNKNOWN_IMAGE },
	{ "free memory", vmnix_row_memory, ALL, 0 },
};

const char *vmnix_preflight_row_name(uint32_t row)
{
	return row < sizeof(rows) / sizeof(rows[0]) ? rows[row].name : NULL;
}

enum vmnix_verdict vmnix_preflight_row(const struct vmnix_facts *facts, uint32_t row,
				       struct vmnix_refusal *refusal)
{
	memset(refusal, 0, sizeof(*refusal));
	if (!(rows[row].vendors & vmnix_vendor(facts)))
		return VMNIX_ROW_OTHER_VENDOR;
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
		return "the time stamp counter is not invariant: time may drift in deep idle states";
	return NULL;
}

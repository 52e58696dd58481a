/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of preflight: one function per row, each tells whether it refuses and why. */
#ifndef VMNIX_PREFLIGHT_ROWS_H
#define VMNIX_PREFLIGHT_ROWS_H

#include "preflight.h"

#ifdef __KERNEL__
#define VMNIX_PRINTF(text, first) __printf(text, first)
#else
#define VMNIX_PRINTF(text, first) __attribute__((format(printf, text, first)))
#endif

/* Both return true, so that a row can end with them. */
VMNIX_PRINTF(3, 4) bool vmnix_refuse(struct vmnix_refusal *r, int error, const char *format, ...);
VMNIX_PRINTF(2, 3) bool vmnix_remedy(struct vmnix_refusal *r, const char *format, ...);

/* Who made the CPU, a bit each: a row says for whose it is. */
enum vmnix_vendor {
	VMNIX_VENDOR_AMD = 1u << 0, /* and who builds CPUs of its designs */
	VMNIX_VENDOR_INTEL = 1u << 1,
	VMNIX_VENDOR_OTHER = 1u << 2,
	VMNIX_VENDOR_ALL = VMNIX_VENDOR_AMD | VMNIX_VENDOR_INTEL | VMNIX_VENDOR_OTHER,
};

/* preflight_cpu.c */
uint32_t vmnix_vendor(const struct vmnix_facts *f); /* one bit of enum vmnix_vendor */
/* Ends a row that found the CPUs' virtualisation in use; `module` is KVM's. */
bool vmnix_remedy_kvm(const struct vmnix_facts *f, struct vmnix_refusal *r, const char *module);
bool vmnix_row_vendor(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_svm(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_npt(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_firmware_switch(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_svm_in_use(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_long_mode(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_agreement(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_encryption(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_closed_world(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_supervisor_shadow_stack(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_lapic(const struct vmnix_facts *f, struct vmnix_refusal *r);

/* preflight_vmx.c */
bool vmnix_row_vmx(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_vmx_firmware_switch(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_vmx_in_use(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_vmx_basic(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_vmx_controls(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_vmx_ept(const struct vmnix_facts *f, struct vmnix_refusal *r);

/* preflight_machine.c */
bool vmnix_row_command_line(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_under_vmnix(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_physical_bits(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_ioapic(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_memory_map(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_tsc(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_offline_cpus(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_too_many_cpus(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_image(const struct vmnix_facts *f, struct vmnix_refusal *r);
bool vmnix_row_memory(const struct vmnix_facts *f, struct vmnix_refusal *r);

#endif

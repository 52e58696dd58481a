// SPDX-License-Identifier: GPL-2.0-only
/* What memory, devices, settings and the image must be like. */
#include "preflight_rows.h"
#include "image_text.h"

#define BIT_CR4_LA57 (1ull << 12)
#define PHYSICAL_BITS_LEAST 36
#define PHYSICAL_BITS_MOST 52
#define RAM_MOST (64ull << 40)
#define TSC_KHZ_LEAST 100000ull

bool vmnix_row_command_line(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (!f->command_line_off)
		return false;
	vmnix_refuse(r, ECANCELED, "the kernel command line says vmnix=off");
	return vmnix_remedy(r, "boot without it, or load the module with force=1");
}

bool vmnix_row_under_vmnix(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (!f->under_vmnix)
		return false;
	vmnix_refuse(r, EEXIST, "this Linux already runs under a vmnix VMM");
	return vmnix_remedy(r,
			    "use it ('vmnix status'), or unload the module that launched it first");
}

bool vmnix_row_physical_bits(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	bool five_levels = f->cpu[0].cr4 & BIT_CR4_LA57;

	if (f->physical_bits < PHYSICAL_BITS_LEAST || f->physical_bits > PHYSICAL_BITS_MOST) {
		vmnix_refuse(r, ENODEV, "%u physical address bits are not supported",
			     f->physical_bits);
		return vmnix_remedy(r, "report this machine");
	}
	if (!five_levels && f->highest_ram > RAM_MOST) {
		vmnix_refuse(r, E2BIG, "memory reaches beyond %llu TiB",
			     (unsigned long long)(RAM_MOST >> 40));
		return vmnix_remedy(r, "boot with mem=64T");
	}
	return false;
}

bool vmnix_row_ioapic(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (f->ioapic_count && f->ioapic_count <= VMNIX_MAX_IOAPICS)
		return false;
	vmnix_refuse(r, f->ioapic_count ? E2BIG : ENODEV,
		     "ACPI lists %u IO-APICs; 1 to %u are supported", f->ioapic_count,
		     VMNIX_MAX_IOAPICS);
	return vmnix_remedy(r, f->ioapic_count ? "report this machine" : "boot with ACPI");
}

bool vmnix_row_memory_map(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (f->memory_ranges <= VMNIX_MAX_MEMORY)
		return false;
	vmnix_refuse(r, E2BIG, "the memory map has %u pieces; %u are supported", f->memory_ranges,
		     VMNIX_MAX_MEMORY);
	return vmnix_remedy(r, "report this machine with its /proc/iomem");
}

bool vmnix_row_tsc(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (f->tsc_khz >= TSC_KHZ_LEAST)
		return false;
	vmnix_refuse(r, ENODEV, "the time stamp counter is unusable (%llu kHz)",
		     (unsigned long long)f->tsc_khz);
	return vmnix_remedy(r, "boot without notsc and tsc=unstable");
}

bool vmnix_row_offline_cpus(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (!f->offline_count)
		return false;
	vmnix_refuse(r, EAGAIN, "CPU %u is present but offline%s", f->first_offline,
		     f->offline_count > 1 ? ", and it is not the only one" : "");
	return vmnix_remedy(r, "echo 1 > /sys/devices/system/cpu/cpu%u/online "
			       "(with nosmt or maxcpus= boot without)",
			    f->first_offline);
}

bool vmnix_row_too_many_cpus(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (f->cpu_count && f->cpu_count <= VMNIX_MAX_CPUS)
		return false;
	vmnix_refuse(r, E2BIG, "there are %u CPUs; 1 to %u are supported", f->cpu_count,
		     VMNIX_MAX_CPUS);
	return vmnix_remedy(r, "boot with nr_cpus=%u", VMNIX_MAX_CPUS);
}

bool vmnix_row_image(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	const struct vmnix_image_text *text = vmnix_image_text(f->image);

	if (f->image == VMNIX_IMAGE_OK)
		return false;
	vmnix_refuse(r, text->error, "%s", text->reason);
	return vmnix_remedy(r, "%s", text->remedy);
}

bool vmnix_row_memory(const struct vmnix_facts *f, struct vmnix_refusal *r)
{
	if (f->memory_available >= f->memory_needed)
		return false;
	vmnix_refuse(r, ENOMEM, "%llu MiB of memory are needed and %llu MiB available",
		     (unsigned long long)(f->memory_needed >> 20),
		     (unsigned long long)(f->memory_available >> 20));
	return vmnix_remedy(r, "stop programs or give the machine more memory");
}

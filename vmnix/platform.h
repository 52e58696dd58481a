/* SPDX-License-Identifier: GPL-2.0-only */
/* What Linux knows of the machine besides its CPUs. */
#ifndef VMNIX_PLATFORM_H
#define VMNIX_PLATFORM_H

#include "abi/handover/handover.h"

struct vmnix_platform {
	u32 memory_count; /* may exceed VMNIX_MAX_MEMORY: then the list is not complete */
	u32 ioapic_count; /* likewise */
	u64 highest_ram;
	struct vmnix_memory memory[VMNIX_MAX_MEMORY];
	struct vmnix_ioapic ioapic[VMNIX_MAX_IOAPICS];
	struct vmnix_power_ports power;
	u64 pci_buses[4]; /* as in struct vmnix_handover */
};

/*
 * Reads the IO-APICs with all CPUs stopped for a moment: their index register is shared with
 * Linux's driver.
 */
int vmnix_platform_read(struct vmnix_platform *platform);

#endif

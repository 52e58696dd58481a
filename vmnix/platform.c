// SPDX-License-Identifier: GPL-2.0-only
#include <linux/acpi.h>
#include <linux/cpufeature.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>

#include "memmap.h"
#include "platform.h"

#define RANGES_MOST 2048
#define IOAPIC_WINDOW 0x20
#define IOAPIC_INDEX 0x00
#define IOAPIC_DATA 0x10
#define IOAPIC_VERSION 0x01
#define PCI_BUSES 256 /* of a segment; the VMM reaches the first one only */

struct range_list {
	u32 count;
	bool full;
	u64 limit; /* end of the physical address space */
	u64 highest_ram;
	struct vmnix_range *range;
};

static int note_range(struct resource *resource, void *data)
{
	struct range_list *list = data;
	struct vmnix_range *range = &list->range[list->count];

	if (resource->start >= list->limit)
		return 0;
	if (list->count == RANGES_MOST) {
		list->full = true;
		return 0;
	}
	range->base = resource->start;
	range->end = min_t(u64, resource->end, list->limit - 1) + 1;
	range->ram = (resource->flags & IORESOURCE_SYSTEM_RAM) == IORESOURCE_SYSTEM_RAM;
	if (range->ram)
		list->highest_ram = max(list->highest_ram, range->end);
	list->count++;
	return 0;
}

static int read_memory(struct vmnix_platform *platform)
{
	struct range_list list = { .limit = 1ull << boot_cpu_data.x86_phys_bits };
	int count;

	list.range = kvmalloc_array(RANGES_MOST, sizeof(*list.range), GFP_KERNEL);
	if (!list.range)
		return -ENOMEM;
	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_MEM, 0, -1, &list, note_range);
	count = vmnix_memmap_build(list.range, list.count, platform->memory, VMNIX_MAX_MEMORY);
	platform->memory_count = list.full || count < 0 ? VMNIX_MAX_MEMORY + 1 : count;
	platform->highest_ram = list.highest_ram;
	kvfree(list.range);
	return 0;
}

static void add_ioapic(struct vmnix_platform *platform, const struct acpi_madt_io_apic *entry)
{
	struct vmnix_ioapic *ioapic = &platform->ioapic[platform->ioapic_count];

	if (platform->ioapic_count++ >= VMNIX_MAX_IOAPICS)
		return;
	ioapic->base = entry->address;
	ioapic->gsi_base = entry->global_irq_base;
}

static void list_ioapics(struct vmnix_platform *platform)
{
	struct acpi_table_header *table;
	struct acpi_subtable_header *entry;
	void *at, *end;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_MADT, 0, &table)))
		return;
	end = (void *)table + table->length;
	for (at = (void *)table + sizeof(struct acpi_table_madt); at + sizeof(*entry) <= end;
	     at += entry->length) {
		entry = at;
		if (entry->length < sizeof(*entry) || at + entry->length > end)
			break;
		if (entry->type == ACPI_MADT_TYPE_IO_APIC &&
		    entry->length >= sizeof(struct acpi_madt_io_apic))
			add_ioapic(platform, at);
	}
	acpi_put_table(table);
}

struct pin_count {
	void __iomem *registers;
	u32 pins;
};

static int count_pins(void *data)
{
	struct pin_count *count = data;
	u32 index = readl(count->registers + IOAPIC_INDEX);

	writel(IOAPIC_VERSION, count->registers + IOAPIC_INDEX);
	count->pins = ((readl(count->registers + IOAPIC_DATA) >> 16) & 0xff) + 1;
	writel(index, count->registers + IOAPIC_INDEX);
	return 0;
}

static int read_ioapic(struct vmnix_ioapic *ioapic)
{
	struct pin_count count;
	int ret;

	count.registers = ioremap(ioapic->base, IOAPIC_WINDOW);
	if (!count.registers)
		return -ENOMEM;
	ret = stop_machine(count_pins, &count, NULL);
	ioapic->pins = count.pins;
	iounmap(count.registers);
	return ret;
}

static u16 port_of(const struct acpi_generic_address *address)
{
	bool port = address->space_id == ACPI_ADR_SPACE_SYSTEM_IO && address->address <= U16_MAX;

	return port ? address->address : 0;
}

static void read_power_ports(struct vmnix_power_ports *power)
{
	const struct acpi_table_fadt *fadt = &acpi_gbl_FADT;

	power->pm1a = port_of(&fadt->xpm1a_control_block);
	power->pm1b = port_of(&fadt->xpm1b_control_block);
	if (!(fadt->flags & ACPI_FADT_RESET_REGISTER))
		return;
	power->reset = port_of(&fadt->reset_register);
	power->reset_value = fadt->reset_value;
}

static void list_pci_buses(u64 *buses)
{
	unsigned int bus;

	for (bus = 0; bus < PCI_BUSES; bus++)
		if (pci_find_bus(0, bus))
			buses[bus / 64] |= BIT_ULL(bus % 64);
}

int vmnix_platform_read(struct vmnix_platform *platform)
{
	int ret;
	u32 i;

	ret = read_memory(platform);
	list_ioapics(platform);
	read_power_ports(&platform->power);
	list_pci_buses(platform->pci_buses);
	for (i = 0; i < min_t(u32, platform->ioapic_count, VMNIX_MAX_IOAPICS) && !ret; i++)
		ret = read_ioapic(&platform->ioapic[i]);
	return ret;
}

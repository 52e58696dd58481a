// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arena from its start: image | struct vmnix_handover | a page per CPU | a boot stack per CPU |
 * bootstrap tables.
 */
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>
#include <asm/msr.h>
#include <asm/segment.h>
#include <asm/tsc.h>

#include "bootstrap.h"
#include "early.h"
#include "lapic.h"
#include "launch.h"
#include "preflight.h"
#include "switch.h"

#define BOOT_STACK (16ul << 10)

static void describe_machine(struct vmnix *v, const struct vmnix_platform *platform)
{
	struct vmnix_handover *h = v->handover;
	u64 apic_base;

	rdmsrl(MSR_IA32_APICBASE, apic_base);
	h->lapic_base = apic_base & GENMASK_ULL(51, 12);
	h->tsc_khz = tsc_khz;
	h->apic_timer_khz = vmnix_lapic_timer_khz();
	h->timeout_tsc = (u64)tsc_khz * v->options.timeout_ms;
	h->memory_count = platform->memory_count;
	memcpy(h->memory, platform->memory, sizeof(h->memory));
	h->ioapic_count = platform->ioapic_count;
	memcpy(h->ioapic, platform->ioapic, sizeof(h->ioapic));
	h->power = platform->power;
	memcpy(h->pci_buses, platform->pci_buses, sizeof(h->pci_buses));
	h->fault_step = v->options.fault_step;
	h->fault_cpu = v->options.fault_cpu;
	h->fault_mode = v->options.fault_mode;
	h->flags = v->options.test ? VMNIX_HANDOVER_TEST : 0;
}

static void describe_arena(struct vmnix *v)
{
	struct vmnix_handover *h = v->handover;

	h->abi = VMNIX_HANDOVER_ABI;
	h->size = sizeof(*h);
	h->arena_base = vmnix_arena_base(&v->arena);
	h->arena_size = vmnix_arena_bytes(&v->arena);
	h->arena_free = h->arena_base + v->arena.used;
	h->image_base = h->arena_base;
	h->stub_va = (u64)vmnix_stub_page();
	h->stub_leave = (u64)vmnix_stub_leave;
	h->stub_resume = (u64)vmnix_stub_resume;
	h->stub_vmx_left = (u64)vmnix_stub_vmx_left;
}

static void describe_cpu(struct vmnix *v, struct vmnix_handover_cpu *page, void *stack, u64 cr3,
			 unsigned int cpu, u32 index)
{
	per_cpu(vmnix_cpus, cpu).page = page;
	per_cpu(vmnix_cpus, cpu).index = index;
	page->vmm_cr3 = cr3;
	page->vmm_rsp = vmnix_physmap(__pa(stack) + BOOT_STACK);
	page->vmm_self = vmnix_physmap(__pa(page));
	page->handover = vmnix_physmap(__pa(v->handover));
	page->entry = v->image.elf.header.entry;
	page->apic_id = cpu_physical_id(cpu);
	page->index = index;
}

static void describe_cpus(struct vmnix *v, void *pages, void *stacks, u64 cr3)
{
	unsigned int cpu;
	u32 index = 0;

	v->handover->cpus = __pa(pages);
	for_each_cpu(cpu, &v->cpus) {
		describe_cpu(v, pages + index * PAGE_SIZE, stacks + index * BOOT_STACK, cr3, cpu,
			     index);
		index++;
	}
	v->handover->cpu_count = index;
}

/*
 * The CPUs' pages at an address that the VMM can have as well: where Linux maps all memory it has its
 * own map of it, if there is very much.
 */
static int map_early(struct vmnix *v, void *pages, unsigned int cpus)
{
	struct page **list = kmalloc_array(cpus, sizeof(*list), GFP_KERNEL);
	unsigned int i;

	if (!list)
		return -ENOMEM;
	for (i = 0; i < cpus; i++)
		list[i] = virt_to_page(pages + i * PAGE_SIZE);
	v->early = vmap(list, cpus, VM_MAP, PAGE_KERNEL);
	kfree(list);
	return v->early ? 0 : -ENOMEM;
}

static int describe_early(struct vmnix *v, struct vmnix_bootstrap *boot, void *pages,
			  unsigned int cpus)
{
	unsigned int i;
	int ret = map_early(v, pages, cpus);

	BUILD_BUG_ON(__KERNEL_CS != VMNIX_CS || __KERNEL_DS != VMNIX_SS);
	for (i = 0; i < cpus && !ret; i++) {
		void *page = pages + i * PAGE_SIZE, *va = v->early + i * PAGE_SIZE;

		vmnix_early_fill(page, (u64)va, (u64)vmnix_stub_early_nmi,
				 (u64)vmnix_stub_early_machine_check);
		ret = vmnix_bootstrap_map_page(boot, va, __pa(page));
	}
	return ret;
}

void vmnix_launch_end(struct vmnix *v)
{
	vunmap(v->early);
	v->early = NULL;
}

int vmnix_launch_prepare(struct vmnix *v, const struct vmnix_platform *platform)
{
	struct vmnix_bootstrap boot = { .arena = &v->arena };
	unsigned int cpus = cpumask_weight(&v->cpus);
	void *pages, *stacks;
	int ret;

	boot.levels = __read_cr4() & X86_CR4_LA57 ? 5 : 4;
	ret = vmnix_bootstrap_load(&v->arena, &v->image.elf, v->image.file);
	v->handover = vmnix_arena_take(&v->arena, sizeof(*v->handover));
	pages = vmnix_arena_take(&v->arena, cpus * PAGE_SIZE);
	stacks = vmnix_arena_take(&v->arena, cpus * BOOT_STACK);
	if (!ret && (!v->handover || !pages || !stacks))
		ret = -ENOMEM;
	if (!ret)
		ret = vmnix_bootstrap_map(&boot, &v->image.elf, vmnix_stub_page(),
					  vmnix_stub_address());
	if (!ret)
		ret = describe_early(v, &boot, pages, cpus);
	if (ret) {
		pr_err("the reserved memory is too small for the image and %u CPUs\n", cpus);
		return ret;
	}
	describe_arena(v);
	describe_machine(v, platform);
	describe_cpus(v, pages, stacks, __pa(boot.root));
	if (!v->handover->apic_timer_khz) {
		pr_err("the local APIC's timer does not count\n");
		return -ENODEV;
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* The machine tests' hand inside the kernel of a test machine. Never installed anywhere else. */
#include <asm/alternative.h>
#include <asm/asm.h>
#include <asm/io.h>
#include <asm/msr.h>
#include <linux/highmem.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "cost.h"
#include "crash.h"
#include "fragment.h"
#include "poke.h"

/* Every access below may fault: the exception table turns a fault into an answer. */
static bool faulting_read(const void *where, u64 *value)
{
	u32 fault = 1;

	asm volatile("1: mov (%2), %1\n\txor %0, %0\n2:\n" _ASM_EXTABLE(1b, 2b)
		     : "+r"(fault), "=r"(*value)
		     : "r"(where)
		     : "memory");
	return fault;
}

static bool faulting_write(void *where, u64 value)
{
	u32 fault = 1;

	asm volatile("1: mov %1, (%2)\n\txor %0, %0\n2:\n" _ASM_EXTABLE(1b, 2b)
		     : "+r"(fault)
		     : "r"(value), "r"(where)
		     : "memory");
	return fault;
}

static void *map_view(u64 physical, u32 view)
{
	struct page *page = pfn_to_page(physical >> PAGE_SHIFT);

	switch (view) {
	case POKE_DIRECT:
		return __va(physical & PAGE_MASK);
	case POKE_CACHED:
		return vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	case POKE_UNCACHED:
		return vmap(&page, 1, VM_MAP, pgprot_noncached(PAGE_KERNEL));
	case POKE_KMAP:
		return kmap_local_page(page);
	}
	return NULL;
}

static void unmap_view(void *where, u32 view)
{
	if (view == POKE_KMAP)
		kunmap_local(where);
	else if (view != POKE_DIRECT)
		vunmap(where);
}

static int access_memory(struct poke *poke)
{
	void *where, *map;

	if (!pfn_valid(poke->address >> PAGE_SHIFT) || poke->address & 7)
		return -EINVAL;
	map = map_view(poke->address, poke->view);
	if (!map)
		return -ENOMEM;
	where = map + offset_in_page(poke->address);
	if (poke->what == POKE_READ)
		poke->fault = faulting_read(where, &poke->value);
	else
		poke->fault = faulting_write(where, poke->value);
	unmap_view(map, poke->view);
	return 0;
}

#define SAMPLES 8

/* How many of a page's samples are `pattern`; SAMPLES + 1 when it faults. */
static u32 matches(u64 physical, u64 pattern)
{
	u32 i, count = 0;
	u64 word;

	for (i = 0; i < SAMPLES; i++) {
		if (faulting_read(__va(physical + i * (PAGE_SIZE / SAMPLES)), &word))
			return SAMPLES + 1;
		count += word == pattern;
	}
	return count;
}

/*
 * Pages that are full of the pattern. Single words with it may lie anywhere, on this stack for one; a page of the VMM
 * that was filled with it is full.
 */
static int scan(struct poke *poke)
{
	u64 at, end = poke->address + poke->value, hits = 0, ones = 0;
	u32 count;

	for (at = poke->address & PAGE_MASK; at < end; at += PAGE_SIZE) {
		if (!(at % (1 << 24)))
			cond_resched();
		if (!pfn_valid(at >> PAGE_SHIFT))
			continue;
		count = matches(at, poke->pattern);
		poke->fault += count > SAMPLES;
		hits += count == SAMPLES;
		ones += matches(at, ~0ull) == SAMPLES;
	}
	poke->value = hits;
	poke->ones = ones;
	return 0;
}

static int vmmcall(struct poke *poke)
{
	u32 fault = 1;

	asm volatile("1: " ALTERNATIVE("vmcall", "vmmcall", X86_FEATURE_VMMCALL)
		     "\n\txor %k0, %k0\n2:\n" _ASM_EXTABLE(1b, 2b)
		     : "+r"(fault), "+a"(poke->rax), "+D"(poke->rdi), "+S"(poke->rsi), "+d"(poke->rdx)
		     :
		     : "memory", "cc");
	poke->fault = fault;
	return 0;
}

#define TRY(instruction)                                                                                  \
	asm volatile("1: " instruction "\n\txor %k0, %k0\n2:\n" _ASM_EXTABLE(1b, 2b)                      \
		     : "+r"(fault)                                                                        \
		     : "a"(poke->value), "c"(0)                                                           \
		     : "memory", "cc")

static int instruction(struct poke *poke)
{
	unsigned long flags;
	u32 fault = 1;

	/* A CLGI that is let through would silence this CPU: interrupts are off for the shortest time either way. */
	local_irq_save(flags);
	switch (poke->address) {
	case POKE_VMRUN:
		TRY("vmrun %%rax");
		break;
	case POKE_VMLOAD:
		TRY("vmload %%rax");
		break;
	case POKE_VMSAVE:
		TRY("vmsave %%rax");
		break;
	case POKE_CLGI:
		TRY("clgi");
		break;
	case POKE_STGI:
		TRY("stgi");
		break;
	case POKE_INVLPGA:
		TRY("invlpga %%rax, %%ecx");
		break;
	case POKE_SKINIT:
		TRY("skinit %%eax");
		break;
	case POKE_VMCALL:
		TRY("vmcall");
		break;
	}
	local_irq_restore(flags);
	poke->fault = fault;
	return poke->address < POKE_INSTRUCTIONS ? 0 : -EINVAL;
}

static int device_access(struct poke *poke)
{
	void __iomem *page = ioremap(poke->address & PAGE_MASK, PAGE_SIZE);
	void __iomem *where = page + offset_in_page(poke->address);

	if (!page)
		return -ENOMEM;
	if (poke->what == POKE_DEVICE_READ)
		poke->value = readl(where);
	else if (poke->width == 1)
		writeb(poke->value, where);
	else if (poke->width == 2)
		writew(poke->value, where);
	else if (poke->width == 8)
		writeq(poke->value, where);
	else
		writel(poke->value, where);
	iounmap(page);
	return 0;
}

static int control_register(struct poke *poke)
{
	unsigned long flags, old = 0;
	u32 fault = 1;

	local_irq_save(flags);
	if (poke->address == 0) {
		asm volatile("mov %%cr0, %0" : "=r"(old));
		asm volatile("1: mov %1, %%cr0\n\txor %0, %0\n2:\n" _ASM_EXTABLE(1b, 2b)
			     : "+r"(fault)
			     : "r"(old ^ poke->value)
			     : "memory");
		asm volatile("mov %0, %%cr0" : : "r"(old) : "memory");
	} else {
		asm volatile("mov %%cr4, %0" : "=r"(old));
		asm volatile("1: mov %1, %%cr4\n\txor %0, %0\n2:\n" _ASM_EXTABLE(1b, 2b)
			     : "+r"(fault)
			     : "r"(old ^ poke->value)
			     : "memory");
		asm volatile("mov %0, %%cr4" : : "r"(old) : "memory");
	}
	local_irq_restore(flags);
	poke->fault = fault;
	return 0;
}

static int act(struct poke *poke)
{
	switch (poke->what) {
	case POKE_READ:
	case POKE_WRITE:
		return access_memory(poke);
	case POKE_SCAN:
		return scan(poke);
	case POKE_VMMCALL:
		return vmmcall(poke);
	case POKE_INSTRUCTION:
		return instruction(poke);
	case POKE_RDMSR:
		poke->fault = !!rdmsrl_safe(poke->address, &poke->value);
		return 0;
	case POKE_WRMSR:
		poke->fault = !!wrmsrl_safe(poke->address, poke->value);
		return 0;
	case POKE_DEVICE_READ:
	case POKE_DEVICE_WRITE:
		return device_access(poke);
	case POKE_CR_WRITE:
		return control_register(poke);
	case POKE_FRAGMENT:
		return poke_fragment(poke);
	case POKE_DEFRAGMENT:
		poke_defragment();
		return 0;
	case POKE_COST:
		return poke_cost(poke);
	case POKE_IPI:
		return poke_ipi(poke);
	case POKE_CRASH:
		return poke_crash(poke);
	}
	return -EINVAL;
}

static long poke_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct poke poke;
	int result;

	if (command != POKE_IOC)
		return -ENOTTY;
	if (copy_from_user(&poke, (void __user *)argument, sizeof(poke)))
		return -EFAULT;
	poke.fault = 0;
	result = act(&poke);
	if (!result && copy_to_user((void __user *)argument, &poke, sizeof(poke)))
		result = -EFAULT;
	return result;
}

static const struct file_operations poke_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = poke_ioctl,
};

static struct miscdevice poke_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vmnix_poke",
	.mode = 0600,
	.fops = &poke_operations,
};

static int __init poke_start(void)
{
	return misc_register(&poke_device);
}

static void __exit poke_stop(void)
{
	misc_deregister(&poke_device);
	poke_defragment();
}

module_init(poke_start);
module_exit(poke_stop);

MODULE_DESCRIPTION("Hostile accesses for the machine tests");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * W^X from the first instruction: image segments with the rights they ask for, the arena at the
 * physical map without the image and never executable, the stub page where Linux has it so that the
 * jump across CR3 lands in itself.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "bootstrap.h"

#define ENTRY_PRESENT BIT_ULL(0)
#define ENTRY_WRITABLE BIT_ULL(1)
#define ENTRY_ACCESSED BIT_ULL(5)
#define ENTRY_DIRTY BIT_ULL(6)
#define ENTRY_LARGE BIT_ULL(7)
#define ENTRY_NX BIT_ULL(63)
#define ENTRY_ADDRESS GENMASK_ULL(51, 12)

#define TABLE (ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_ACCESSED)
#define LEAF_READ (ENTRY_PRESENT | ENTRY_ACCESSED | ENTRY_DIRTY | ENTRY_NX)
#define LEAF_WRITE (LEAF_READ | ENTRY_WRITABLE)
#define LEAF_EXECUTE (LEAF_READ & ~ENTRY_NX)

#define LARGE_SIZE (2ul << 20)

u64 vmnix_physmap(phys_addr_t pa)
{
	return VMNIX_PHYSMAP_VA + pa;
}

static u64 *next_table(struct vmnix_bootstrap *boot, u64 *entry)
{
	void *table;

	if (*entry & ENTRY_PRESENT)
		return __va(*entry & ENTRY_ADDRESS);
	table = vmnix_arena_take(boot->arena, PAGE_SIZE);
	if (table)
		*entry = __pa(table) | TABLE;
	return table;
}

/* Level 1 maps 4 KiB, level 2 maps 2 MiB. */
static int map(struct vmnix_bootstrap *boot, u64 va, phys_addr_t pa, u64 flags, unsigned int leaf)
{
	u64 *table = boot->root;
	unsigned int level;

	for (level = boot->levels; level > leaf; level--) {
		table = next_table(boot, &table[(va >> (12 + 9 * (level - 1))) & 511]);
		if (!table)
			return -ENOMEM;
	}
	table[(va >> (12 + 9 * (leaf - 1))) & 511] = pa | flags;
	return 0;
}

static int map_segment(struct vmnix_bootstrap *boot, const struct vmnix_elf_segment *segment)
{
	phys_addr_t pa = vmnix_arena_base(boot->arena) + (segment->va - VMNIX_IMAGE_VA);
	u64 flags = LEAF_READ, at;
	int ret = 0;

	if (segment->rights & PF_X)
		flags = LEAF_EXECUTE;
	else if (segment->rights & PF_W)
		flags = LEAF_WRITE;
	for (at = 0; at < segment->memory_size && !ret; at += PAGE_SIZE)
		ret = map(boot, segment->va + at, pa + at, flags, 1);
	return ret;
}

static int map_arena(struct vmnix_bootstrap *boot, size_t image_size)
{
	phys_addr_t base = vmnix_arena_base(boot->arena), pa = base + image_size;
	phys_addr_t end = base + vmnix_arena_bytes(boot->arena);
	int ret = 0;

	for (; !IS_ALIGNED(pa, LARGE_SIZE) && !ret; pa += PAGE_SIZE)
		ret = map(boot, vmnix_physmap(pa), pa, LEAF_WRITE, 1);
	for (; pa < end && !ret; pa += LARGE_SIZE)
		ret = map(boot, vmnix_physmap(pa), pa, LEAF_WRITE | ENTRY_LARGE, 2);
	return ret;
}

int vmnix_bootstrap_load(struct vmnix_arena *arena, const struct vmnix_elf *elf, const u8 *file)
{
	u8 *image = vmnix_arena_take(arena, elf->header.loaded_size);
	u32 i;

	if (!image)
		return -ENOMEM;
	/* The arena is zeroed, so .bss needs nothing. */
	for (i = 0; i < elf->segments; i++)
		memcpy(image + (elf->segment[i].va - VMNIX_IMAGE_VA), file + elf->segment[i].offset,
		       elf->segment[i].file_size);
	return 0;
}

int vmnix_bootstrap_map(struct vmnix_bootstrap *boot, const struct vmnix_elf *elf, void *stub,
			phys_addr_t stub_pa)
{
	int ret;
	u32 i;

	boot->root = vmnix_arena_take(boot->arena, PAGE_SIZE);
	if (!boot->root)
		return -ENOMEM;
	ret = map(boot, (u64)stub, stub_pa, LEAF_EXECUTE, 1);
	for (i = 0; i < elf->segments && !ret; i++)
		ret = map_segment(boot, &elf->segment[i]);
	return ret ?: map_arena(boot, PAGE_ALIGN(elf->header.loaded_size));
}

int vmnix_bootstrap_map_page(struct vmnix_bootstrap *boot, void *va, phys_addr_t pa)
{
	return map(boot, (u64)va, pa, LEAF_WRITE, 1);
}

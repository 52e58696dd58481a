/* SPDX-License-Identifier: GPL-2.0-only */
/* The address space in which the VMM's first call runs, until VMNIX_CALL_INIT has built its own. */
#ifndef VMNIX_BOOTSTRAP_H
#define VMNIX_BOOTSTRAP_H

#include "elf.h"
#include "reserve.h"

struct vmnix_bootstrap {
	struct vmnix_arena *arena;
	unsigned int levels; /* of paging, as Linux runs: 4 or 5 */
	u64 *root;
};

/* Where the VMM sees a physical address. */
u64 vmnix_physmap(phys_addr_t pa);

/* Puts the image at the arena's start; its pages are the first taken. */
int vmnix_bootstrap_load(struct vmnix_arena *arena, const struct vmnix_elf *elf, const u8 *file);

/*
 * Maps image, arena and stub. Called after all else has been taken from the arena: the tables end
 * what is used.
 */
int vmnix_bootstrap_map(struct vmnix_bootstrap *boot, const struct vmnix_elf *elf, void *stub,
			phys_addr_t stub_pa);

/* Maps one page more, for reading and writing. */
int vmnix_bootstrap_map_page(struct vmnix_bootstrap *boot, void *va, phys_addr_t pa);

#endif

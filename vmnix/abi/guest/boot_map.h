/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the first code of a restarted console finds: the memory that it must not touch though firmware calls it RAM.
 * Lifetime: one start. Filled by the VMM; neutral, so that the package's loader turns it into what its kernel reads.
 */
#ifndef VMNIX_ABI_GUEST_BOOT_MAP_H
#define VMNIX_ABI_GUEST_BOOT_MAP_H

#include "../types.h"

#define VMNIX_BOOT_MAP_MAGIC 0x70616d78696e6d76ull /* "vmnixmap" */

struct vmnix_boot_range {
    uint64_t base; /* bytes, page-aligned */
    uint64_t size; /* bytes, page-aligned */
};

struct vmnix_boot_map {
    uint64_t magic;
    uint32_t count; /* of ranges: ascending, disjoint. Where the room is too small the last one covers all the rest */
    uint32_t generation; /* of the console that begins, 1 for the first restart */
    struct vmnix_boot_range range[];
};
VMNIX_STATIC_ASSERT(sizeof(struct vmnix_boot_map) == 16, "boot map layout");

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The VMM image as the module finds it: an ELF64 executable whose first loaded bytes are this header.
 * Lifetime: handover; module and image of one build. The module also holds the file's SHA-256.
 */
#ifndef VMNIX_ABI_HANDOVER_IMAGE_H
#define VMNIX_ABI_HANDOVER_IMAGE_H

#include "../types.h"

#define VMNIX_IMAGE_MAGIC 0x4c4e524b4d56494eull /* "NIVMKRNL" in memory */

/* Raised with every change below vmnix/abi/handover/; the changelog is in docs/abi.md. */
#define VMNIX_HANDOVER_ABI 4

/* Where the image is linked, and the most it may cover, .bss included. The module maps it there before the first call.
 */
#define VMNIX_IMAGE_VA 0xffffffff80000000ull
#define VMNIX_IMAGE_MAX (1u << 20)

/* Where the VMM sees physical memory: address = VMNIX_PHYSMAP_VA + physical address. For the first call the module maps
 * the arena there, without the image. */
#define VMNIX_PHYSMAP_VA 0xffff800000000000ull

struct vmnix_image_header {
    uint64_t magic;
    uint32_t handover_abi; /* VMNIX_HANDOVER_ABI of the build */
    uint32_t header_size;  /* sizeof this, bytes */
    uint64_t loaded_size;  /* bytes from VMNIX_IMAGE_VA to the end of .bss */
    uint64_t entry;        /* virtual address that the stub jumps to; see handover.h */
    char version[24];      /* NUL-terminated, for people */
    uint32_t note[4];      /* head of the ELF note that carries the build id, as the linker writes it */
    uint8_t build_id[20];  /* unique to the build; shown in reports */
    uint32_t reserved;     /* zero */
};
VMNIX_STATIC_ASSERT(sizeof(struct vmnix_image_header) == 96, "image header layout");

#endif

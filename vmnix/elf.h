/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the VMM image: which bytes go where, with which rights. Pure; looks at nothing but the
 * bytes given.
 */
#ifndef VMNIX_ELF_H
#define VMNIX_ELF_H

#include "portable.h"
#include "abi/handover/image.h"

#define VMNIX_MAX_SEGMENTS 8

/* Why an image is refused. One word for one cause, so that a report names it. */
enum vmnix_image_error {
	VMNIX_IMAGE_OK = 0,
	VMNIX_BAD_ABSENT,    /* no such firmware file */
	VMNIX_BAD_TOO_BIG,   /* the file, or what gzip makes of it */
	VMNIX_BAD_GZIP,	     /* damaged gzip stream */
	VMNIX_BAD_TRUNCATED, /* a header or segment ends after the file does */
	VMNIX_BAD_NOT_ELF,
	VMNIX_BAD_MACHINE,  /* ELF, but no x86-64 executable */
	VMNIX_BAD_DYNAMIC,  /* wants a dynamic linker or thread-local storage */
	VMNIX_BAD_HEADERS,  /* program headers contradict one another */
	VMNIX_BAD_WINDOW,   /* a segment lies outside VMNIX_IMAGE_VA .. +VMNIX_IMAGE_MAX */
	VMNIX_BAD_OVERLAP,  /* segments out of order or sharing a page */
	VMNIX_BAD_RIGHTS,   /* a segment both writable and executable */
	VMNIX_BAD_MAGIC,    /* the first bytes loaded are no vmnix_image_header */
	VMNIX_BAD_ABI,	    /* another VMNIX_HANDOVER_ABI */
	VMNIX_BAD_SIZE,	    /* header_size or loaded_size does not fit the segments */
	VMNIX_BAD_ENTRY,    /* the entry point is not executable */
	VMNIX_BAD_RESERVED, /* a reserved field is not zero, a text has no end */
	VMNIX_BAD_DIGEST,   /* not the file that this module was built with */
	VMNIX_BAD_ERRORS,
};

struct vmnix_elf_segment {
	uint64_t va;
	uint64_t offset; /* in the file */
	uint64_t file_size;
	uint64_t memory_size;
	uint32_t rights; /* PF_R, PF_W, PF_X */
};

struct vmnix_elf {
	struct vmnix_image_header header;
	uint32_t segments;
	struct vmnix_elf_segment segment[VMNIX_MAX_SEGMENTS]; /* ascending, no page shared */
};

VMNIX_BEGIN_C
enum vmnix_image_error vmnix_elf_parse(const uint8_t *file, size_t size, struct vmnix_elf *elf);
VMNIX_END_C

#endif

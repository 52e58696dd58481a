/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMM image: fetched, unpacked, checked; nothing of it is used before all checks have passed.
 */
#ifndef VMNIX_IMAGE_H
#define VMNIX_IMAGE_H

#include "elf.h"

struct vmnix_image {
	u8 *file; /* uncompressed */
	size_t size;
	struct vmnix_elf elf;
};

/*
 * `name` NULL: "vmnix/vmkernel", else "vmnix/vmkernel.gz". On VMNIX_IMAGE_OK the caller drops it.
 */
enum vmnix_image_error vmnix_image_get(struct vmnix_image *image, const char *name);
void vmnix_image_drop(struct vmnix_image *image);

#endif

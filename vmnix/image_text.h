/* SPDX-License-Identifier: GPL-2.0-only */
/* What to tell a person about a refused image. Pure. */
#ifndef VMNIX_IMAGE_TEXT_H
#define VMNIX_IMAGE_TEXT_H

#include "elf.h"

struct vmnix_image_text {
	int error; /* positive errno */
	const char *reason;
	const char *remedy;
};

VMNIX_BEGIN_C
const struct vmnix_image_text *vmnix_image_text(enum vmnix_image_error error);
VMNIX_END_C

#endif

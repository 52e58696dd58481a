/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the deflate stream of a gzip file is: the kernel inflates, but only its boot code knows the
 * file format. Pure.
 */
#ifndef VMNIX_GZIP_H
#define VMNIX_GZIP_H

#include "portable.h"

struct vmnix_gzip {
	size_t offset;	   /* of the deflate stream */
	size_t bytes;	   /* of it, at least 1 */
	uint32_t unpacked; /* bytes that it says to become */
};

VMNIX_BEGIN_C
bool vmnix_is_gzip(const uint8_t *data, size_t size);

/* False when the headers are damaged. One member, as gzip(1) makes it. */
bool vmnix_gzip_parse(const uint8_t *data, size_t size, struct vmnix_gzip *gzip);
VMNIX_END_C

#endif

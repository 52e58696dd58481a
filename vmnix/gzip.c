// SPDX-License-Identifier: GPL-2.0-only
/*
 * RFC 1952: magic, method, flags, time, two hints; optional fields by flag; deflate stream; CRC and
 * size.
 */
#include "gzip.h"

#define HEADER 10u
#define TRAILER 8u
#define FLAG_CRC 0x02u
#define FLAG_EXTRA 0x04u
#define FLAG_NAME 0x08u
#define FLAG_COMMENT 0x10u
#define FLAGS_RESERVED 0xe0u

bool vmnix_is_gzip(const uint8_t *data, size_t size)
{
	return size >= 3 && data[0] == 0x1f && data[1] == 0x8b && data[2] == 8;
}

/* The byte after a zero-terminated text that begins at `at`; `end` or more when it does not end. */
static size_t skip_text(const uint8_t *data, size_t at, size_t end)
{
	while (at < end && data[at])
		at++;
	return at + 1;
}

/* The byte after a field that begins with its length; `end` or more when it is cut off. */
static size_t skip_extra(const uint8_t *data, size_t at, size_t end)
{
	return at + 2 <= end ? at + 2 + data[at] + ((size_t)data[at + 1] << 8) : end;
}

bool vmnix_gzip_parse(const uint8_t *data, size_t size, struct vmnix_gzip *gzip)
{
	const uint8_t *trailer;
	size_t at = HEADER, end;

	if (!vmnix_is_gzip(data, size) || size < HEADER + TRAILER || (data[3] & FLAGS_RESERVED))
		return false;
	end = size - TRAILER;
	if (data[3] & FLAG_EXTRA)
		at = skip_extra(data, at, end);
	if (data[3] & FLAG_NAME)
		at = skip_text(data, at, end);
	if (data[3] & FLAG_COMMENT)
		at = skip_text(data, at, end);
	if (data[3] & FLAG_CRC)
		at += 2;
	if (at >= end)
		return false;
	trailer = data + end;
	gzip->offset = at;
	gzip->bytes = end - at;
	gzip->unpacked = trailer[4] | (uint32_t)trailer[5] << 8 | (uint32_t)trailer[6] << 16 |
			 (uint32_t)trailer[7] << 24;
	return true;
}

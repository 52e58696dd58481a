// SPDX-License-Identifier: GPL-2.0-only
/*
 * The digest compiled into the module makes the module's signature cover the image too. It is
 * compared last, so that a damaged or foreign file is refused by the name of what is wrong with it;
 * parsing before is safe because elf.c trusts no byte.
 */
#include <linux/firmware.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <linux/zlib.h>
#include <crypto/sha2.h>

#include "gzip.h"
#include "image.h"
#include "image_digest.h" /* generated: VMNIX_IMAGE_DIGEST */

#define FILE_MAX (16u << 20) /* with debug information */

static const u8 expected_digest[SHA256_DIGEST_SIZE] = VMNIX_IMAGE_DIGEST;

static enum vmnix_image_error inflate(struct vmnix_image *image, const u8 *data, size_t size)
{
	struct z_stream_s stream = { };
	enum vmnix_image_error error = VMNIX_BAD_GZIP;

	stream.workspace = vmalloc(zlib_inflate_workspacesize());
	if (!stream.workspace)
		return VMNIX_BAD_TOO_BIG;
	stream.next_in = data;
	stream.avail_in = size;
	stream.next_out = image->file;
	stream.avail_out = image->size;
	if (zlib_inflateInit2(&stream, -MAX_WBITS) == Z_OK &&
	    zlib_inflate(&stream, Z_FINISH) == Z_STREAM_END && !stream.avail_out)
		error = VMNIX_IMAGE_OK;
	vfree(stream.workspace);
	return error;
}

static enum vmnix_image_error unpack(struct vmnix_image *image, const u8 *data, size_t size)
{
	struct vmnix_gzip gzip;

	if (!vmnix_gzip_parse(data, size, &gzip))
		return VMNIX_BAD_GZIP;
	image->size = gzip.unpacked;
	if (!image->size || image->size > FILE_MAX)
		return VMNIX_BAD_GZIP; /* no image is that large: its trailer is not what was written */
	image->file = vmalloc(image->size);
	if (!image->file)
		return VMNIX_BAD_TOO_BIG;
	return inflate(image, data + gzip.offset, gzip.bytes);
}

static enum vmnix_image_error copy(struct vmnix_image *image, const u8 *data, size_t size)
{
	image->size = size;
	image->file = vmalloc(size);
	if (!image->file)
		return VMNIX_BAD_TOO_BIG;
	memcpy(image->file, data, size);
	return VMNIX_IMAGE_OK;
}

static enum vmnix_image_error fetch(struct vmnix_image *image, const char *name)
{
	const struct firmware *firmware;
	enum vmnix_image_error error;

	/* No device: /dev/vmnix appears only after the launch. */
	if (firmware_request_nowarn(&firmware, name, NULL))
		return VMNIX_BAD_ABSENT;
	if (firmware->size > FILE_MAX)
		error = VMNIX_BAD_TOO_BIG;
	else if (!firmware->size)
		error = VMNIX_BAD_TRUNCATED;
	else if (vmnix_is_gzip(firmware->data, firmware->size))
		error = unpack(image, firmware->data, firmware->size);
	else
		error = copy(image, firmware->data, firmware->size);
	release_firmware(firmware);
	return error;
}

static bool digest_matches(const struct vmnix_image *image)
{
	u8 digest[SHA256_DIGEST_SIZE];

	sha256(image->file, image->size, digest);
	return !memcmp(digest, expected_digest, sizeof(digest));
}

enum vmnix_image_error vmnix_image_get(struct vmnix_image *image, const char *name)
{
	enum vmnix_image_error error;

	error = fetch(image, name ?: "vmnix/vmkernel");
	if (error == VMNIX_BAD_ABSENT && !name)
		error = fetch(image, "vmnix/vmkernel.gz");
	if (!error)
		error = vmnix_elf_parse(image->file, image->size, &image->elf);
	if (!error && !digest_matches(image))
		error = VMNIX_BAD_DIGEST;
	if (error)
		vmnix_image_drop(image);
	return error;
}

void vmnix_image_drop(struct vmnix_image *image)
{
	vfree(image->file);
	image->file = NULL;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "image_text.h"

#define REINSTALL "install image and module of one build again ('make install')"

static const struct vmnix_image_text texts[VMNIX_BAD_ERRORS] = {
	[VMNIX_IMAGE_OK] = { 0, "", "" },
	[VMNIX_BAD_ABSENT] = { ENOENT, "there is no VMM image in the firmware path",
			       "install it as /lib/firmware/vmnix/vmkernel ('make install')" },
	[VMNIX_BAD_TOO_BIG] = { EFBIG, "the VMM image is larger than an image can be", REINSTALL },
	[VMNIX_BAD_GZIP] = { EILSEQ, "the compressed VMM image is damaged", REINSTALL },
	[VMNIX_BAD_TRUNCATED] = { ENOEXEC, "the VMM image is cut off", REINSTALL },
	[VMNIX_BAD_NOT_ELF] = { ENOEXEC, "the VMM image is no ELF file", REINSTALL },
	[VMNIX_BAD_MACHINE] = { ENOEXEC, "the VMM image is no x86-64 executable", REINSTALL },
	[VMNIX_BAD_DYNAMIC] = { ENOEXEC, "the VMM image wants a dynamic linker", REINSTALL },
	[VMNIX_BAD_HEADERS] = { ENOEXEC, "the VMM image's program headers contradict one another",
				REINSTALL },
	[VMNIX_BAD_WINDOW] = { ENOEXEC, "the VMM image wants addresses that are not the VMM's",
			       REINSTALL },
	[VMNIX_BAD_OVERLAP] = { ENOEXEC, "segments of the VMM image overlap", REINSTALL },
	[VMNIX_BAD_RIGHTS] = { ENOEXEC, "the VMM image has memory both writable and executable",
			       REINSTALL },
	[VMNIX_BAD_MAGIC] = { ENOEXEC, "the file does not begin like a VMM image", REINSTALL },
	[VMNIX_BAD_ABI] = { EPROTO,
			    "the VMM image was built for another handover ABI than this module",
			    REINSTALL },
	[VMNIX_BAD_SIZE] = { ENOEXEC, "the VMM image's sizes contradict one another", REINSTALL },
	[VMNIX_BAD_ENTRY] = { ENOEXEC, "the VMM image's entry point is not executable", REINSTALL },
	[VMNIX_BAD_RESERVED] = { ENOEXEC, "the VMM image's header is damaged", REINSTALL },
	[VMNIX_BAD_DIGEST] = { EBADMSG,
			       "the VMM image's SHA-256 is not the one this module was built with",
			       REINSTALL },
};

const struct vmnix_image_text *vmnix_image_text(enum vmnix_image_error error)
{
	return &texts[error < VMNIX_BAD_ERRORS ? error : VMNIX_BAD_HEADERS];
}

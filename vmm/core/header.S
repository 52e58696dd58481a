/* SPDX-License-Identifier: GPL-2.0-only */
/* The image's first bytes: struct vmnix_image_header. The linker puts the note with the build id directly behind. */
    .section .vmnix.header, "a", @progbits
    .globl vmm_header
vmm_header:
    .quad VMM_IMAGE_MAGIC
    .long VMM_HANDOVER_ABI, VMM_HEADER_SIZE
    .quad vmm_image_end - VMM_IMAGE_VA
    .quad vmm_entry
version:
    .asciz VMM_VERSION
    .org version + 24

    .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: GPL-2.0-only */
/* The loader's flat binary within the command. */
    .section .rodata
    .globl vmnix_loader_begin, vmnix_loader_end
vmnix_loader_begin:
    .incbin LOADER_BINARY
vmnix_loader_end:
    .section .note.GNU-stack, "", @progbits

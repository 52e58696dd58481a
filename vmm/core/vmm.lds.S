/* SPDX-License-Identifier: GPL-2.0-only */
/* The image: three segments with rights that never overlap. Its first bytes are the header of vmnix/abi/handover/image.h. */
#define VMNIX_LINKER_SCRIPT
OUTPUT_FORMAT(elf64-x86-64)
ENTRY(vmm_entry)
PHDRS
{
    rodata PT_LOAD FLAGS(4);
    text PT_LOAD FLAGS(5);
    data PT_LOAD FLAGS(6);
}
SECTIONS
{
    . = VMM_IMAGE_VA;
    .rodata : { KEEP(*(.vmnix.header)) KEEP(*(.note.gnu.build-id)) LONG(0) *(.rodata .rodata.*) } :rodata
    . = ALIGN(4096);
    vmm_text_begin = .;
    .text : { *(.text .text.*) } :text
    . = ALIGN(4096);
    vmm_text_end = .;
    vmm_data_begin = .;
    .data : { *(.data .data.*) } :data
    .bss : { *(.bss .bss.* COMMON) } :data
    . = ALIGN(4096);
    vmm_image_end = .;
    ASSERT(vmm_image_end - VMM_IMAGE_VA <= VMM_IMAGE_MAX, "the image is larger than the module maps")
    /* Static constructors would have to be run by somebody: there are none. */
    .init_array : { *(.init_array .init_array.* .ctors .ctors.*) }
    ASSERT(SIZEOF(.init_array) == 0, "a static constructor crept in")
    /DISCARD/ : { *(.eh_frame .eh_frame.*) *(.comment) *(.note.GNU-stack) *(.note.gnu.property) }
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first processor's way from the multiboot entry (Multiboot 0.6.96, 3.2) to kernel_main in 64-bit mode, and the
 * others' from their start-up message (SDM vol. 3, 9.4.4). Both meet in long_mode.
 */
#include "layout.h"

#define HEADER_MAGIC 0x1badb002
#define HEADER_FLAGS 0x00010003 /* pages, memory, addresses */

    .section .header, "a"
    .balign 4
header:
    .long HEADER_MAGIC, HEADER_FLAGS, -(HEADER_MAGIC + HEADER_FLAGS)
    .long header, image_begin, image_data_end, image_end, start32

    .text
    .code32
    .globl start32
start32:
    cli
    movl %ebx, boot_information
    movl $(cpu_areas + CPU_AREA), %esp
    call build_tables
    jmp enter_long_mode

/* The first 4 GiB, one to one, by pages of 2 MiB. */
build_tables:
    movl $512, %ecx
    movl $4, %edx
    movl $page_directories, %edi
    movl $0x83, %eax                /* present, writable, large */
1:  movl %eax, (%edi)
    movl $0, 4(%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 1b
    movl $512, %ecx
    decl %edx
    jnz 1b
    movl $page_directories + 3, %eax
    movl $page_pointers, %edi
    movl $4, %ecx
1:  movl %eax, (%edi)
    addl $0x1000, %eax
    addl $8, %edi
    loop 1b
    movl $page_pointers + 3, page_root
    ret

/* %esp is where the processor's area ends. */
enter_long_mode:
    movl $0x6a0, %eax               /* PAE, PGE, OSFXSR, OSXMMEXCPT */
    movl %eax, %cr4
    movl $page_root, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x100, %eax                /* EFER.LME */
    wrmsr
    movl $0x80010033, %eax          /* PG, WP, NE, ET, MP, PE */
    movl %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $CODE64, $long_mode

    .code64
long_mode:
    movl $DATA64, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl %esp, %esp
    movl boot_information, %edi
    xorl %ebp, %ebp
    call kernel_main
1:  hlt
    jmp 1b

/* Copied to START_PAGE. The area's end is stored behind it. */
    .globl trampoline, trampoline_end, trampoline_stack
    .code16
trampoline:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl START_PAGE + (trampoline_gdt_pointer - trampoline)
    movl $0x11, %eax
    movl %eax, %cr0
    ljmpl $CODE32, $(START_PAGE + (1f - trampoline))
    .code32
1:  movl $DATA64, %eax
    movl %eax, %ds
    movl %eax, %ss
    movl START_PAGE + (trampoline_stack - trampoline), %esp
    jmp *START_PAGE + (trampoline_next - trampoline)
    .balign 8
trampoline_next:
    .long enter_long_mode
trampoline_stack:
    .long 0
trampoline_gdt_pointer:
    .word 8 * 4 - 1
    .long boot_gdt
trampoline_end:

    .data
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00cf9a000000ffff        /* CODE32 */
    .quad 0x00af9a000000ffff        /* CODE64 */
    .quad 0x00cf92000000ffff        /* DATA64 */
boot_gdt_pointer:
    .word 8 * 4 - 1
    .quad boot_gdt

    .bss
    .balign 4096
    .globl page_root, page_pointers, page_directories
page_root:
    .skip 4096
page_pointers:
    .skip 4096
page_directories:
    .skip 4 * 4096
boot_information:
    .skip 8
    .balign CPU_AREA
    .globl cpu_areas
cpu_areas:
    .skip MOST_CPUS * CPU_AREA

    .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 32-bit protected mode, flat segments, no paging, interrupts off. The package says where things are:
 * esi = the zero page, edi = the VMM's list of memory, ebx = room for setup_data, esp = a stack.
 */
    .code32
    .section .entry, "ax"
    .globl loader_entry
loader_entry:
    cld
    pushl %ebx
    pushl %edi
    pushl %esi
    call loader_main
    testl %eax, %eax
    jz 1f
    /* boot.rst, "32-bit boot protocol": esi, which a call preserves, is the zero page; ebp, edi and ebx are zero. */
    xorl %ebp, %ebp
    xorl %edi, %edi
    xorl %ebx, %ebx
    jmp *%eax
1:  ud2 /* there is no handler: the VMM sees this console end */

    .section .note.GNU-stack, "", @progbits

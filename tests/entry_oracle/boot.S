/* SPDX-License-Identifier: GPL-2.0-only */
/* The boot sector: loads what follows it on the disk, maps the first GiB as it is and goes to 64-bit code at PROGRAM. */
#define PROGRAM 0x10000
#define TABLES  0x70000

    .code16
    .globl _start
_start:
    ljmp $0, $1f
1:
    cli
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %ss
    mov $0x7c00, %sp
    mov $SECTORS, %cx
2:                              /* one sector at a time: extended read, of the drive in DL */
    mov $packet, %si
    mov $0x42, %ah
    push %cx
    push %dx
    int $0x13
    pop %dx
    pop %cx
    jc .
    incl packet_sector
    addw $0x20, packet_segment
    loop 2b
    cli                         /* the BIOS may have turned interrupts on */

    mov $TABLES >> 4, %ax
    mov %ax, %es
    xor %di, %di
    xor %eax, %eax
    mov $0x3000 / 4, %cx
    rep stosl
    movl $TABLES + 0x1003, %es:0
    movl $TABLES + 0x2003, %es:0x1000
    mov $0x2000, %di
    mov $0x83, %eax             /* present, writable, 2 MiB */
    mov $512, %cx
3:
    mov %eax, %es:(%di)
    add $0x200000, %eax
    add $8, %di
    loop 3b

    mov $0x20, %eax             /* PAE */
    mov %eax, %cr4
    mov $TABLES, %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx       /* EFER.LME */
    rdmsr
    bts $8, %eax
    wrmsr
    lgdt gdtr
    mov $0x80000031, %eax       /* PG, NE, ET, PE */
    mov %eax, %cr0
    ljmpl $8, $PROGRAM

    .balign 8
gdt:
    .quad 0, 0x00af9b000000ffff
gdtr:
    .word . - gdt - 1
    .long gdt
packet:
    .word 16, 1, 0
packet_segment:
    .word PROGRAM >> 4
packet_sector:
    .quad 1

    .org 480
    .quad 1, 20000              /* seed and count: the script writes others */
    .org 510
    .word 0xaa55

/* SPDX-License-Identifier: GPL-2.0-only */
    .section .text.entry, "ax"
    .globl entry
entry:
    xor %eax, %eax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x6f000, %esp
    mov $bss_begin, %edi
    mov $bss_end, %ecx
    sub %edi, %ecx
    rep stosb
    call run
    jmp .

/* Enters the current VMCS, whose HostRsp it sets: 0 when the CPU left the guest again, otherwise VMLAUNCH failed. */
    .globl launch
launch:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov $0x6c14, %edx           /* HostRsp */
    vmwrite %rsp, %rdx
    mov $1, %eax
    vmlaunch
    jmp 1f
    .globl landing
landing:                        /* HostRip: an exit clears RFLAGS and IF, and loads flat segments (SDM vol. 3, 28.5) */
    xor %eax, %eax
1:
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
    .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: GPL-2.0-only */
/* One stub for each vector, and attempt(). */
#include "layout.h"

    .text
    .balign 16
    .globl interrupt_stubs
interrupt_stubs:                    /* 16 bytes each */
    .set vector, 0
    .rept 256
    .balign 16
    .if (vector != 8) && (vector < 10 || vector > 14) && (vector != 17) && (vector != 21) && (vector != 29) && (vector != 30)
    pushq $0                        /* in the error code's place */
    .endif
    pushq $vector
    jmp interrupted
    .set vector, vector + 1
    .endr

interrupted:
    cld
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rbx
    pushq %rbp
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %rdi
    movq %rsp, %rbx
    andq $-16, %rsp
    call handle_interrupt
    movq %rbx, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rbp
    popq %rbx
    popq %rdx
    popq %rcx
    popq %rax
    addq $16, %rsp
    iretq

/* int attempt(void (*act)(void *), void *with): NO_FAULT, or the vector of the exception that ended it. */
    .globl attempt, attempt_failed
attempt:
    pushfq
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %rbx
    andq $-CPU_AREA, %rbx
    pushq CPU_RECOVERY(%rbx)
    movq %rsp, CPU_RECOVERY(%rbx)
    movq %rdi, %rax
    movq %rsi, %rdi
    movq %rsp, %rbp
    andq $-16, %rsp
    call *%rax
    movl $-1, %eax
    movq %rsp, %rbx
    andq $-CPU_AREA, %rbx
    movq CPU_RECOVERY(%rbx), %rsp
attempt_failed:                     /* %eax is the vector, %rsp what was recorded */
    movq %rsp, %rbx
    andq $-CPU_AREA, %rbx
    popq CPU_RECOVERY(%rbx)
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    popfq
    cld
    ret

    .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: GPL-2.0-only */
/* void enter_code(const CodeState *): never returns by itself; an exception ends it, see attempt(). */
    .text
    .globl enter_code
enter_code:
    movq %rdi, %rax
    pushq 16*8(%rax)                /* ss, rsp, rflags, cs, rip */
    pushq 17*8(%rax)
    pushq 18*8(%rax)
    pushq 19*8(%rax)
    pushq 20*8(%rax)
    movq 1*8(%rax), %rcx
    movq 2*8(%rax), %rdx
    movq 3*8(%rax), %rbx
    movq 5*8(%rax), %rbp
    movq 6*8(%rax), %rsi
    movq 7*8(%rax), %rdi
    movq 8*8(%rax), %r8
    movq 9*8(%rax), %r9
    movq 10*8(%rax), %r10
    movq 11*8(%rax), %r11
    movq 12*8(%rax), %r12
    movq 13*8(%rax), %r13
    movq 14*8(%rax), %r14
    movq 15*8(%rax), %r15
    movq (%rax), %rax
    iretq

    .section .note.GNU-stack, "", @progbits

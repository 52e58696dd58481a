/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exit loop: enter the guest, and on every exit save its general registers and call svm_exit. GIF is 0 and IF is 1
 * throughout, so nothing interrupts. rAX and rSP travel in the VMCB. APM vol. 2, 15.5.
 */
#include "vmm/core/asm_offsets.h"

    .section .text
    .balign 64
    .globl svm_run
svm_run:                            /* rdi = struct World; returns when svm_exit says so, with null */
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rdi
resume:
    movq (%rsp), %rdi
    movq WORLD_BACKEND(%rdi), %rax
    movq WORLD_GPR+1*8(%rdi), %rcx
    movq WORLD_GPR+2*8(%rdi), %rdx
    movq WORLD_GPR+3*8(%rdi), %rbx
    movq WORLD_GPR+5*8(%rdi), %rbp
    movq WORLD_GPR+6*8(%rdi), %rsi
    movq WORLD_GPR+8*8(%rdi), %r8
    movq WORLD_GPR+9*8(%rdi), %r9
    movq WORLD_GPR+10*8(%rdi), %r10
    movq WORLD_GPR+11*8(%rdi), %r11
    movq WORLD_GPR+12*8(%rdi), %r12
    movq WORLD_GPR+13*8(%rdi), %r13
    movq WORLD_GPR+14*8(%rdi), %r14
    movq WORLD_GPR+15*8(%rdi), %r15
    movq WORLD_GPR+7*8(%rdi), %rdi
    .globl svm_vmrun
svm_vmrun:
    vmrun %rax
    movq (%rsp), %rax
    movq %rcx, WORLD_GPR+1*8(%rax)
    movq %rdx, WORLD_GPR+2*8(%rax)
    movq %rbx, WORLD_GPR+3*8(%rax)
    movq %rbp, WORLD_GPR+5*8(%rax)
    movq %rsi, WORLD_GPR+6*8(%rax)
    movq %rdi, WORLD_GPR+7*8(%rax)
    movq %r8, WORLD_GPR+8*8(%rax)
    movq %r9, WORLD_GPR+9*8(%rax)
    movq %r10, WORLD_GPR+10*8(%rax)
    movq %r11, WORLD_GPR+11*8(%rax)
    movq %r12, WORLD_GPR+12*8(%rax)
    movq %r13, WORLD_GPR+13*8(%rax)
    movq %r14, WORLD_GPR+14*8(%rax)
    movq %r15, WORLD_GPR+15*8(%rax)
    movq %rax, %rdi
    call svm_exit
    movq %rax, (%rsp)               /* the world that is entered next */
    testq %rax, %rax
    jnz resume
    popq %rdi
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

    .section .note.GNU-stack, "", @progbits

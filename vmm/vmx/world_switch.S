/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exit loop: enter the guest, and on every exit save its general registers and call vmx_exit. IF is 0 throughout;
 * NMIs and machine checks may come at any instruction, see mark_arrival in vmm/core/interrupts.S. rSP travels in the VMCS,
 * and so does the address at which an exit goes on. SDM vol. 3, 27.1 and 28.5.
 */
#include "vmm/core/asm_offsets.h"

    .section .text
    .balign 64
    .globl vmx_run, vmx_exited
vmx_run:                            /* rdi = struct World, whose VMCS is current; returns when vmx_exit says so, with null */
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rdi
    movq %rsp, %rsi
    call vmx_begin                  /* (world, HOST_RSP) */
.Lresume:
    .globl vmm_entry_begin, vmm_entry_end
vmm_entry_begin:                    /* from the top, should an NMI come before the guest is entered */
    movq (%rsp), %rdi
    movq %rsp, %rax
    andq $-CPU_BLOCK_SIZE, %rax
    cmpb $0, CPU_UNSEEN(%rax)
    jne .Llook_again
    cmpb $0, WORLD_LAUNCHED(%rdi)   /* the flags live until the choice below */
    movq WORLD_GPR+0*8(%rdi), %rax
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
    je .Llaunch
    vmresume
    jmp .Lfailed
.Llaunch:
    vmlaunch
vmm_entry_end:
.Lfailed:                             /* not entered: the host's state is as it was, the registers are the guest's */
    movq (%rsp), %rdi
    call vmx_entry_failed
    jmp .Lnext
.Llook_again:
    call vmx_look_again
    jmp .Lnext
vmx_exited:                         /* rsp as HOST_RSP has it */
    pushq %rdi
    movq 8(%rsp), %rdi
    movq %rax, WORLD_GPR+0*8(%rdi)
    movq %rcx, WORLD_GPR+1*8(%rdi)
    movq %rdx, WORLD_GPR+2*8(%rdi)
    movq %rbx, WORLD_GPR+3*8(%rdi)
    movq %rbp, WORLD_GPR+5*8(%rdi)
    movq %rsi, WORLD_GPR+6*8(%rdi)
    popq WORLD_GPR+7*8(%rdi)
    movq %r8, WORLD_GPR+8*8(%rdi)
    movq %r9, WORLD_GPR+9*8(%rdi)
    movq %r10, WORLD_GPR+10*8(%rdi)
    movq %r11, WORLD_GPR+11*8(%rdi)
    movq %r12, WORLD_GPR+12*8(%rdi)
    movq %r13, WORLD_GPR+13*8(%rdi)
    movq %r14, WORLD_GPR+14*8(%rdi)
    movq %r15, WORLD_GPR+15*8(%rdi)
    movb $1, WORLD_LAUNCHED(%rdi)
    call vmx_exit
.Lnext:
    movq %rax, (%rsp)               /* the world that is entered next */
    testq %rax, %rax
    jnz .Lresume
    popq %rdi
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

/*
 * The last exit on this CPU: the guest executes its VMCALL once more, and the exit loads what the VMCS now has as host
 * state, which is the console's own. rdi = LeaveRegisters of backend.cpp. Does not return.
 */
    .globl vmx_leave
vmx_leave:
    movq 0(%rdi), %rax
    movq 8(%rdi), %r8
    movq 16(%rdi), %r9
    movq 24(%rdi), %r10
    movq 32(%rdi), %r11
    movq 40(%rdi), %r12
    vmresume
    ud2

    .section .note.GNU-stack, "", @progbits

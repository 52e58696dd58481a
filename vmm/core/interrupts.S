/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMM's interrupt entry. Interrupts arrive only in the window that acknowledge_interrupt() opens, so their handler
 * does nothing but note the vector and close the window; everything else that arrives here is a report.
 */
#include "vmm/core/asm_offsets.h"

    .section .text
    .balign 16
    .globl vmm_interrupt_stubs
vmm_interrupt_stubs:
    vector = 0
    .rept 256
    .balign 16
    .if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30)
    .else
    pushq $0
    .endif
    pushq $vector
    .if vector == 2
    jmp nmi_entry
    .elseif vector == 18
    jmp machine_check_entry
    .elseif vector >= 32
    jmp interrupt_entry
    .else
    jmp exception_entry
    .endif
    vector = vector + 1
    .endr

/* rsp: vector, error code, rip, cs, rflags, rsp, ss. The CPU's block follows from the stack pointer. */
    .macro cpu_to_rax
    movq %rsp, %rax
    andq $-CPU_BLOCK_SIZE, %rax
    .endm

interrupt_entry:
    pushq %rax
    pushq %rcx
    cpu_to_rax
    movl 16(%rsp), %ecx
    movl %ecx, CPU_ACKNOWLEDGED(%rax)
    andl $~0x200, 48(%rsp)          /* the interrupted code goes on with interrupts off: one vector per window */
    popq %rcx
    popq %rax
    addq $16, %rsp
    iretq

/*
 * Where nothing holds NMIs off while the VMM runs (VT-x), one may come after the last look at what has arrived and before
 * the entry. It leaves a mark, for which the entry looks, and an entry that has begun is begun again: vmm/vmx/world_switch.S.
 */
    .macro mark_arrival
    movb $1, CPU_UNSEEN(%rax)
    leaq vmm_entry_begin(%rip), %rax
    cmpq %rax, 24(%rsp)             /* rip, above rax, vector and error code */
    jb 1f
    leaq vmm_entry_end(%rip), %rax
    cmpq %rax, 24(%rsp)
    jae 1f
    leaq vmm_entry_begin(%rip), %rax
    movq %rax, 24(%rsp)
1:
    .endm

nmi_entry:
    pushq %rax
    cpu_to_rax
    incl CPU_NMIS(%rax)
    mark_arrival
    popq %rax
    addq $16, %rsp
    iretq

machine_check_entry:
    pushq %rax
    cpu_to_rax
    incw CPU_MACHINE_CHECKS(%rax)
    mark_arrival
    popq %rax
    addq $16, %rsp
    iretq

exception_entry:
    pushq %r15
    pushq %r14
    pushq %r13
    pushq %r12
    pushq %r11
    pushq %r10
    pushq %r9
    pushq %r8
    pushq %rdi
    pushq %rsi
    pushq %rbp
    pushq %rbx
    pushq %rdx
    pushq %rcx
    pushq %rax
    cld
    movq %rsp, %rdi
    movq %rsp, %rbp
    andq $-16, %rsp
    call vmm_exception
    movq %rbp, %rsp
    popq %rax
    popq %rcx
    popq %rdx
    popq %rbx
    popq %rbp
    popq %rsi
    popq %rdi
    popq %r8
    popq %r9
    popq %r10
    popq %r11
    popq %r12
    popq %r13
    popq %r14
    popq %r15
    addq $16, %rsp
    iretq

/*
 * The stub jumps here: rdi = struct vmnix_handover_cpu, esi = enum vmnix_call, on this CPU's stack. What the call
 * returns goes back through the stub with the same rdi; a CPU that has become a guest never returns.
 */
    .globl vmm_entry, vmm_return
vmm_entry:
    cld
    pushq %rdi
    pushq %rdi
    call vmm_call
    popq %rdi
    popq %rdi
vmm_return:
    movq vmm_stub_leave(%rip), %rcx
    jmp *%rcx

/* bool rdmsr_safe(u32 index, u64 &value), bool wrmsr_safe(u32 index, u64 value): bool xsetbv0_safe(u64 value): #GP resumes at
 * vmm_safe_fault and answers false. */
    .globl vmm_rdmsr_safe, vmm_wrmsr_safe, vmm_xsetbv_safe
    .globl vmm_safe_rdmsr, vmm_safe_wrmsr, vmm_safe_xsetbv, vmm_safe_fault
vmm_rdmsr_safe:
    movl %edi, %ecx
vmm_safe_rdmsr:
    rdmsr
    shlq $32, %rdx
    orq %rdx, %rax
    movq %rax, (%rsi)
    movl $1, %eax
    ret
vmm_wrmsr_safe:
    movl %edi, %ecx
    movl %esi, %eax
    movq %rsi, %rdx
    shrq $32, %rdx
vmm_safe_wrmsr:
    wrmsr
    movl $1, %eax
    ret
vmm_xsetbv_safe:
    xorl %ecx, %ecx
    movl %edi, %eax
    movq %rdi, %rdx
    shrq $32, %rdx
vmm_safe_xsetbv:
    xsetbv
    movl $1, %eax
    ret
vmm_safe_fault:
    xorl %eax, %eax
    ret

    .section .note.GNU-stack, "", @progbits

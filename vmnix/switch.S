/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The switch stub: the only code that both Linux and the VMM execute, on one page that both map at
 * the same address while a CPU changes hands. abi/handover/handover.h is the contract. No
 * instrumentation, no return thunk: those are Linux's code elsewhere. The unwinder's hints where
 * the stack is not Linux's only keep objtool informed.
 *
 * Where the CPU has a GIF it is 0 from the first CR write to the last, and no NMI, SMI or machine
 * check comes. Where it has none they may come at any instruction. So from before the write to CR3
 * until after it the tables and the stack in this CPU's page are in force, which lie at the same
 * address on both sides; their handlers are at the end of this page. Whichever GDT is in force, CS and
 * SS are in it: both sides have VMNIX_CS and VMNIX_SS.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/alternative.h>
#include <asm/cpufeatures.h>
#include <asm/ibt.h>
#include <asm/nospec-branch.h>
#include <asm/orc_types.h>
#include <asm/processor-flags.h>
#include <asm/unwind_hints.h>

#include "abi/handover/offsets.h"

#define CR4_CET (1 << 23)
/* What the VMM's tables do without until its own values are set. */
#define CR4_OFF (X86_CR4_PCIDE | X86_CR4_PGE | X86_CR4_SMEP | X86_CR4_SMAP | CR4_CET)
#define DR7_OFF 0x400

/* RFLAGS, six callee-saved registers and the return address. */
.macro HINT_FRAME
	UNWIND_HINT type=UNWIND_HINT_TYPE_CALL sp_reg=ORC_REG_SP sp_offset=64
.endm

.macro PUSH_FRAME
	pushfq
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
.endm

.macro POP_FRAME_AND_RETURN
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popfq
	ANNOTATE_UNRET_SAFE
	ret
	int3
.endm

	.section .text..vmnix_stub, "ax", @progbits
	.balign 4096
.Lpage:

/* int vmnix_switch_enter(struct vmnix_handover_cpu *cpu, u32 call) */
SYM_CODE_START_NOALIGN(vmnix_switch_enter)
	UNWIND_HINT_FUNC
	ENDBR
	PUSH_FRAME
	movq	%rsp, VMNIX_OFF_RSP(%rdi)
	movq	%cr0, %rax
	movq	%rax, VMNIX_OFF_CR0(%rdi)
	movq	%cr2, %rax
	movq	%rax, VMNIX_OFF_CR2(%rdi)
	movq	%cr3, %rax
	movq	%rax, VMNIX_OFF_CR3(%rdi)
	movq	%dr6, %rax
	movq	%rax, VMNIX_OFF_DR6(%rdi)
	movq	%dr7, %rax
	movq	%rax, VMNIX_OFF_DR7(%rdi)
	sgdt	VMNIX_OFF_GDTR(%rdi)
	sidt	VMNIX_OFF_IDTR(%rdi)
	movw	%cs, VMNIX_OFF_CS(%rdi)
	movw	%ss, VMNIX_OFF_SS(%rdi)
	movw	%ds, VMNIX_OFF_DS(%rdi)
	movw	%es, VMNIX_OFF_ES(%rdi)
	movw	%fs, VMNIX_OFF_FS(%rdi)
	movw	%gs, VMNIX_OFF_GS(%rdi)
	str	VMNIX_OFF_TR(%rdi)
	sldt	VMNIX_OFF_LDTR(%rdi)

	/* Linux's breakpoints must not fire in the VMM. */
	movl	$DR7_OFF, %eax
	movq	%rax, %dr7

	movq	VMNIX_OFF_VMM_CR3(%rdi), %rbx
	movq	VMNIX_OFF_VMM_RSP(%rdi), %rcx
	movq	VMNIX_OFF_VMM_SELF(%rdi), %rdx
	movq	VMNIX_OFF_ENTRY(%rdi), %r8

	/*
	 * The IDT first: Linux's handlers look for the CPU's number in Linux's GDT. From here until
	 * the VMM has its own IDT nothing may fault.
	 */
	lidt	VMNIX_OFF_EARLY_IDTR(%rdi)
	lgdt	VMNIX_OFF_EARLY_GDTR(%rdi)
	movq	%cr4, %rax
	movq	%rax, VMNIX_OFF_CR4(%rdi)
	movq	VMNIX_OFF_CONSOLE_VA(%rdi), %r9
	leaq	VMNIX_OFF_EARLY_STACK_TOP(%r9), %rsp
	HINT_FRAME
	andq	$~CR4_OFF, %rax
	movq	%rax, %cr4
	movq	%rbx, %cr3
	movq	%rcx, %rsp
	HINT_FRAME
	movq	%rdx, %rdi
	xorl	%ebp, %ebp
	cld
	ANNOTATE_RETPOLINE_SAFE
	jmp	*%r8
	int3
SYM_CODE_END(vmnix_switch_enter)

/* int vmnix_switch_leave(u32 hypercall) */
SYM_CODE_START_NOALIGN(vmnix_switch_leave)
	UNWIND_HINT_FUNC
	ENDBR
	PUSH_FRAME
	movl	%edi, %eax
	xorl	%edi, %edi
	xorl	%esi, %esi
	xorl	%edx, %edx
	ALTERNATIVE "vmcall", "vmmcall", X86_FEATURE_VMMCALL
	/* Still a guest: refused. Otherwise this is skipped: vmnix_stub_leave pops the frame. */
	POP_FRAME_AND_RETURN
SYM_CODE_END(vmnix_switch_leave)

/*
 * The VMM jumps here to give a CPU back: its tables in force, rdi = struct vmnix_handover_cpu in
 * them, eax = result, FS, GS, TR, LDTR and the system call MSRs already Linux's. After the switch
 * the structure is not mapped at rdi, and in a console that did not launch the VMM not at console_va
 * either: so all of it is read before, and with a GIF the early tables only pass through registers.
 */
SYM_CODE_START_NOALIGN(vmnix_stub_leave)
	HINT_FRAME
	ENDBR
	movl	%eax, %ebp
	movq	VMNIX_OFF_CR0(%rdi), %r8
	movq	VMNIX_OFF_CR2(%rdi), %r9
	movq	VMNIX_OFF_CR3(%rdi), %r10
	movq	VMNIX_OFF_CR4(%rdi), %r11
	movq	VMNIX_OFF_RSP(%rdi), %r12
	movq	VMNIX_OFF_CS(%rdi), %r13	/* CS, SS, DS, ES: 16 bits each */
	movq	VMNIX_OFF_DR7(%rdi), %r14
	movq	VMNIX_OFF_DR6(%rdi), %r15
	movq	VMNIX_OFF_GDTR - 6(%rdi), %rbx	/* the limit in the upper 16 bits */
	movq	VMNIX_OFF_GDTR + 2(%rdi), %rcx
	movq	VMNIX_OFF_IDTR - 6(%rdi), %rdx
	movq	VMNIX_OFF_IDTR + 2(%rdi), %rsi
	lidt	VMNIX_OFF_EARLY_IDTR(%rdi)
	lgdt	VMNIX_OFF_EARLY_GDTR(%rdi)
	movq	VMNIX_OFF_CONSOLE_VA(%rdi), %rax
	leaq	VMNIX_OFF_EARLY_STACK_TOP(%rax), %rsp
	HINT_FRAME

	/*
	 * CR4.PCIDE can be set only while the PCID in CR3 is 0. Setting PGE or PCIDE also flushes
	 * what is left of the VMM's translations.
	 */
	movq	%r10, %rax
	andq	$~0xfff, %rax
	movq	%rax, %cr3
	movq	%r11, %cr4
	movq	%r10, %cr3
	movq	%r8, %cr0
	movq	%r9, %cr2
	movq	%r12, %rsp
	HINT_FRAME
	pushq	%rcx
	pushq	%rbx
	lgdt	6(%rsp)
	pushq	%rsi
	pushq	%rdx
	lidt	6(%rsp)
	addq	$32, %rsp

	movzwl	%r13w, %eax
	shrq	$16, %r13
	movl	%r13d, %ecx
	movw	%cx, %ss
	shrq	$16, %r13
	movl	%r13d, %ecx
	movw	%cx, %ds
	shrq	$16, %r13
	movl	%r13d, %ecx
	movw	%cx, %es
	leaq	.Llinux_cs(%rip), %rcx
	pushq	%rax
	pushq	%rcx
	lretq
.Llinux_cs:
	HINT_FRAME
	ANNOTATE_NOENDBR
	movq	%r15, %dr6
	movq	%r14, %dr7
	movl	%ebp, %eax
	POP_FRAME_AND_RETURN
SYM_CODE_END(vmnix_stub_leave)

/* Where a CPU wakes as a guest: rsp as vmnix_switch_enter stored it. */
SYM_CODE_START_NOALIGN(vmnix_stub_resume)
	HINT_FRAME
	ENDBR
	xorl	%eax, %eax
	POP_FRAME_AND_RETURN
SYM_CODE_END(vmnix_stub_resume)

/*
 * The last VM exit comes here, in VMX operation, with Linux's state as the VMCS's host state: an NMI
 * finds Linux complete at every instruction. rsp = the frame of vmnix_switch_leave, eax = result. What a
 * VM exit cannot load (SDM volume 3C, 28.5): r8 = CR4, without VMXE; r9 = CR2; r10 = DR6; r11 = DR7;
 * r12 = the GDTR's limit, the IDTR's above it, the LDTR's selector above that.
 */
SYM_CODE_START_NOALIGN(vmnix_stub_vmx_left)
	HINT_FRAME
	ENDBR
	vmxoff
	movq	%r8, %cr4
	subq	$16, %rsp
	sgdt	6(%rsp)
	movw	%r12w, 6(%rsp)
	lgdt	6(%rsp)
	shrq	$16, %r12
	sidt	6(%rsp)
	movw	%r12w, 6(%rsp)
	lidt	6(%rsp)
	addq	$16, %rsp
	shrq	$16, %r12
	lldt	%r12w
	movq	%r9, %cr2
	movq	%r10, %dr6
	movq	%r11, %dr7
	POP_FRAME_AND_RETURN
SYM_CODE_END(vmnix_stub_vmx_left)

/*
 * Handlers of the IDT in the page: count, nothing else. Which CPU's page it is says the IDT's own
 * address, whatever stack they run on.
 */
.macro EARLY_HANDLER name, counter
SYM_CODE_START_NOALIGN(\name)
	UNWIND_HINT_IRET_REGS
	ENDBR
	pushq	%rax
	subq	$16, %rsp
	sidt	6(%rsp)
	movq	8(%rsp), %rax
	incl	\counter - VMNIX_OFF_EARLY_IDT(%rax)
	addq	$16, %rsp
	popq	%rax
	iretq
SYM_CODE_END(\name)
.endm

EARLY_HANDLER vmnix_stub_early_nmi, VMNIX_OFF_EARLY_NMIS
EARLY_HANDLER vmnix_stub_early_machine_check, VMNIX_OFF_EARLY_MACHINE_CHECKS

	/* Exactly one page: the assembler refuses to go backwards. */
	.org	.Lpage + 4096, 0xcc

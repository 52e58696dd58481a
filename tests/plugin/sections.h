/* SPDX-License-Identifier: GPL-2.0-only */
/* Marks in guest code that the counting plugin sees as they are executed: a no-op whose displacement is the mark. */
#ifndef VMNIX_TESTS_SECTIONS_H
#define VMNIX_TESTS_SECTIONS_H

#define SECTION_MARK 0x564d0000

enum section {
	SECTION_NONE = 0, /* ends the section before */
	SECTION_CPUID_HOT = 1,
	SECTION_CPUID_COLD = 2,
	SECTION_PORT = 3,
	SECTION_HYPERCALL = 4,
	SECTION_XAPIC_COLD = 5,
	SECTION_XAPIC_HOT = 6,
	SECTION_X2APIC = 7,
	SECTION_IDLE_BEFORE = 8,
	SECTION_IDLE_AFTER = 9,
	SECTION_LOAD_BEFORE = 10,
	SECTION_LOAD_AFTER = 11,
	SECTION_XAPIC_EOI = 12,
	SECTION_X2APIC_EOI = 13,
	SECTION_XAPIC_LVT = 14,
	/* In a VM, tests/guest: */
	SECTION_VM_CPUID_HOT = 15,
	SECTION_VM_CPUID_COLD = 16,
	SECTION_VM_HYPERCALL = 17,
	SECTION_VM_PORT_UART = 18,
	SECTION_VM_PORT_TIMER = 19,
	SECTION_VM_XAPIC_COLD = 20,
	SECTION_VM_XAPIC_HOT = 21,
	SECTION_VM_XAPIC_LVT = 22,
	SECTION_VM_XAPIC_EOI = 23,
	SECTION_VM_X2APIC = 24,
	SECTION_VM_X2APIC_EOI = 25,
	SECTION_VM_X2APIC_SELF = 26,
	SECTION_VM_HALT = 27, /* from one world's HLT to another's first instruction */
	SECTION_VM_WAKE = 28, /* from there to the first's interrupt handler */
	SECTION_VM_DEADLINE = 29,
	SECTION_VM_IOAPIC = 30,
	SECTION_VM_BOOT = 31, /* a guest's, from its begin to its init */
	SECTION_PLAIN_BOOT = 32, /* of the console's kernel, to its shell */
	SECTION_RESTART = 33, /* from a panic to the next console's list of VMs */
	SECTION_COUNT = 34,
};

/* nopl SECTION_MARK + id(%rax), in its form of seven bytes. */
#define MARK_SECTION(id) __asm__ volatile(".byte 0x0f, 0x1f, 0x80\n\t.long %c0" : : "i"(SECTION_MARK + (id)) : "memory")

#endif

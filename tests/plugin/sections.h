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
	SECTION_COUNT = 15,
};

/* nopl SECTION_MARK + id(%rax), in its form of seven bytes. */
#define MARK_SECTION(id) __asm__ volatile(".byte 0x0f, 0x1f, 0x80\n\t.long %c0" : : "i"(SECTION_MARK + (id)) : "memory")

#endif

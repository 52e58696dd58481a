/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers that assembly and C++ share. */
#ifndef VMNIX_TESTS_GUEST_LAYOUT_H
#define VMNIX_TESTS_GUEST_LAYOUT_H

#define MOST_CPUS 16
#define CPU_AREA 0x10000 /* size and alignment: struct Cpu, the stacks of interrupts and faults, the stack */
#define INTERRUPT_STACK 0x5000
#define FAULT_STACK 0x8000
#define NMI_STACK 0xa000

#define START_PAGE 0x8000

#define CODE32 0x08
#define CODE64 0x10
#define DATA64 0x18
#define USER_DATA 0x23
#define USER_CODE 0x2b
#define TASK 0x30

#define CPU_RECOVERY 0 /* struct Cpu: where attempt() goes on */

#endif

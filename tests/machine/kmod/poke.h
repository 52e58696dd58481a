/* SPDX-License-Identifier: GPL-2.0-only */
/* What the test module does for vmnix-probe: things that only a hostile kernel could. */
#ifndef VMNIX_TESTS_POKE_H
#define VMNIX_TESTS_POKE_H

#ifdef __KERNEL__
#include <linux/ioctl.h>
#include <linux/types.h>
#else
#include <linux/types.h>
#include <sys/ioctl.h>
#endif

#define POKE_DEVICE "/dev/vmnix_poke"

enum poke_what {
	POKE_READ = 1, /* 8 bytes at physical `address` through `view`; out: value, fault */
	POKE_WRITE = 2, /* `value` to there; out: fault */
	POKE_SCAN = 3, /* pages in [address, address + value) full of `pattern`; out: value = pages, ones = pages of ones,
			  fault = pages that fault */
	POKE_VMMCALL = 4, /* registers in and out, at CPL 0 */
	POKE_INSTRUCTION = 5, /* `address` = enum poke_instruction; out: fault */
	POKE_RDMSR = 6,
	POKE_WRMSR = 7,
	POKE_DEVICE_READ = 8, /* 4 bytes at physical `address` of a device; out: value */
	POKE_DEVICE_WRITE = 9, /* `width` bytes of `value` */
	POKE_CR_WRITE = 10, /* `value` to control register `address` and back; out: fault */
	POKE_FRAGMENT = 11, /* one page that cannot move in every block of memory; out: value = blocks */
	POKE_DEFRAGMENT = 12,
	POKE_COST = 13, /* `address` = enum section; out: value = what one operation takes, in TSC ticks */
	POKE_IPI = 14, /* to CPU `address`; out: TSC ticks, value = until its handler ran, pattern = to send */
	POKE_CRASH = 15, /* `address` = enum poke_crash, `value` = seed; writes: `width` of them over the memory of the
			    kernel at physical `pattern`, `ones` bytes. Returns before it happens */
};

enum poke_crash {
	POKE_CRASH_NULL, /* in a kernel thread, as all of these */
	POKE_CRASH_STACK,
	POKE_CRASH_LOOP_ONE, /* interrupts off on one CPU, by the seed */
	POKE_CRASH_LOOP_ALL,
	POKE_CRASH_TRIPLE_FAULT,
	POKE_CRASH_WRITES,
	POKE_CRASH_HYPERCALLS, /* at random on one CPU while another one panics */
	POKE_CRASHES,
};

enum poke_view {
	POKE_DIRECT = 0, /* the kernel's map of all memory */
	POKE_CACHED = 1, /* a new mapping, write-back */
	POKE_UNCACHED = 2, /* a new mapping, uncached */
	POKE_KMAP = 3,
	POKE_VIEWS = 4,
};

enum poke_instruction {
	POKE_VMRUN,
	POKE_VMLOAD,
	POKE_VMSAVE,
	POKE_CLGI,
	POKE_STGI,
	POKE_INVLPGA,
	POKE_SKINIT,
	POKE_VMCALL,
	POKE_INSTRUCTIONS,
};

struct poke {
	__u32 what;
	__u32 view;
	__u64 address;
	__u64 value;
	__u64 pattern;
	__u64 ones;
	__u32 width;
	__u32 fault; /* the access or instruction faulted */
	__u64 rax, rdi, rsi, rdx;
};

#define POKE_IOC _IOWR('p', 1, struct poke)

#endif

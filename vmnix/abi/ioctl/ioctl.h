/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * /dev/vmnix for programs in the console. Lifetime: the module's.
 *   read(2)  the VMM's log, text, from the oldest kept byte; blocks for more unless O_NONBLOCK (EAGAIN).
 *   poll(2)  readable when there is more log.
 *   ioctl(2) below. Errors: EFAULT, EINVAL (a size of 0), ENOTTY, ENODEV (the VMM is gone); for VMs ENOENT (no such
 * VM), EBUSY (not in its present state), EEXIST (name or UUID taken), ENOMEM, ENOSPC (too many VMs or reservations),
 * E2BIG (fields that only a newer driver knows). A caller sets `size` to what it was compiled with; the driver writes
 * at most that and returns what it wrote.
 */
#ifndef VMNIX_ABI_IOCTL_IOCTL_H
#define VMNIX_ABI_IOCTL_IOCTL_H

#ifdef __KERNEL__
#include <linux/ioctl.h>
#else
#include <sys/ioctl.h>
#endif
#include "../hypercall/hypercall.h"

#define VMNIX_DEVICE "/dev/vmnix"

/* What the launch cost, measured by the module. TSC ticks. */
struct vmnix_launch_record {
    uint32_t size;
    uint32_t cpus;
    uint64_t stopped_tsc;   /* from the first CPU's interrupts off to the last CPU's first instruction as a guest */
    uint64_t init_tsc;      /* VMNIX_CALL_INIT, other CPUs running */
    uint64_t reserve_tries; /* alloc_contig_range calls until the arena was had */
};

struct vmnix_stats_query {
    uint32_t vcpu;                /* in */
    uint32_t reserved;            /* zero */
    struct vmnix_cpu_stats stats; /* in: size; out: all */
};

/* VMNIX_IOC_HYPERCALL passes a call of the VMNIX_HC_TEST kind or a malformed one on, for tests; needs CAP_SYS_RAWIO and
 * a module loaded with test=1, otherwise EPERM. */
struct vmnix_raw_hypercall {
    uint64_t rax, rdi, rsi, rdx; /* in and out */
};

/* ---- VMs. Ids, states and structures are those of hypercall/vm.h. A VM that was created and not started ends with the
 * file that created it; one that was started belongs to nobody. ---- */

struct vmnix_vm_create {
    uint64_t needed;               /* out, with ENOMEM: bytes that it takes */
    uint64_t available;            /* out, with ENOMEM: bytes that could be had of the console */
    uint32_t id;                   /* out */
    uint32_t reserved;             /* zero */
    struct vmnix_vm_config config; /* in; epoch is filled by the driver */
};

/* Bytes for the memory of a VM that has not started. Any address and length, but not too much at once. */
#define VMNIX_VM_WRITE_MOST (64u << 20)
struct vmnix_vm_write {
    uint32_t id;
    uint32_t reserved; /* zero */
    uint64_t to;       /* guest-physical */
    uint64_t from;     /* address in the caller's memory */
    uint64_t bytes;    /* at most VMNIX_VM_WRITE_MOST */
};

struct vmnix_vm_start {
    uint32_t id;
    uint32_t reserved; /* zero */
    struct vmnix_boot_state state;
};

struct vmnix_vm_control {
    uint32_t id;
    uint32_t order; /* enum vmnix_vm_order */
};

struct vmnix_vm_set {
    uint32_t id;       /* 0: the console */
    uint32_t reserved; /* zero */
    struct vmnix_vm_share share;
};

struct vmnix_vm_query {
    uint32_t id;               /* in; with VMNIX_IOC_VM_NEXT the VM with the next higher id is meant (ENOENT: none) */
    uint32_t reserved;         /* zero */
    struct vmnix_vm_info info; /* in: size; out: all */
};

struct vmnix_vm_definition {
    uint32_t id;
    uint32_t bytes; /* in: room; out: bytes written */
    uint64_t to;    /* address in the caller's memory */
};

struct vmnix_world_query {
    uint32_t id; /* 0: the console */
    uint32_t vcpu;
    struct vmnix_world_info info; /* in: size; out: all */
};

/* Console output from `position` on, or from the oldest byte kept when that is later. Returns at once; 0 bytes: no more
 * yet. Input: 0 bytes are taken while the UART has no room. */
struct vmnix_vm_console {
    uint32_t id;
    uint32_t bytes;    /* in: room or bytes to write; out: bytes read or taken */
    uint64_t position; /* in and out, of the first byte read */
    uint64_t buffer;   /* address in the caller's memory */
};

/* Sleeps until something happened since `events` was returned: output, an ending, a log line. */
struct vmnix_wait {
    uint32_t events;     /* in: as returned last, 0 at first; out */
    uint32_t timeout_ms; /* 0: until a signal comes. ETIME when it has passed */
};

/* ---- The console itself (hypercall/console.h). EOPNOTSUPP: the VMM is older and cannot. EPERM: packages, policy, order
 * and heartbeat take CAP_SYS_BOOT, the log takes CAP_SYSLOG. ---- */

/* Registers a package: its bytes are copied from the caller's memory into the VMM's. Memory is taken of the console as
 * for a VM: ENOMEM with both figures. */
struct vmnix_package_load {
    uint64_t needed, available; /* out, as in struct vmnix_vm_create */
    uint64_t from;              /* address in the caller's memory, package.bytes of it */
    struct vmnix_package package;
};

/* Ends this console now, without a word to its programs: does not return, when all is well. ENOENT: no package. */
struct vmnix_console_order {
    uint32_t end;      /* VMNIX_END_ORDER */
    uint32_t reserved; /* zero */
    char text[VMNIX_END_TEXT];
};

/* Messages of this console and of those before, as the VMM keeps them. */
struct vmnix_console_log {
    uint32_t bytes; /* in: room; out: bytes read */
    uint32_t reserved;
    uint64_t position; /* in and out, of the first byte read */
    uint64_t buffer;   /* address in the caller's memory */
};

struct vmnix_beat {
    uint32_t milliseconds; /* until the next one is due; 0: no more are */
    uint32_t reserved;     /* zero */
};

/* RAM that is not the console's, from an address on: VMNIX_HC_PIECES. ENOENT: no more. */
struct vmnix_pieces_query {
    uint64_t base; /* in and out */
    uint64_t size; /* out */
};

#define VMNIX_IOC_INFO _IOWR('V', 1, struct vmnix_info)
#define VMNIX_IOC_STATS _IOWR('V', 2, struct vmnix_stats_query)
#define VMNIX_IOC_LAUNCH _IOWR('V', 3, struct vmnix_launch_record)
#define VMNIX_IOC_HYPERCALL _IOWR('V', 4, struct vmnix_raw_hypercall)
#define VMNIX_IOC_MEMORY _IOWR('V', 5, struct vmnix_memory_info)
#define VMNIX_IOC_VM_CREATE _IOWR('V', 6, struct vmnix_vm_create)
#define VMNIX_IOC_VM_WRITE _IOWR('V', 7, struct vmnix_vm_write)
#define VMNIX_IOC_VM_START _IOWR('V', 8, struct vmnix_vm_start)
#define VMNIX_IOC_VM_CONTROL _IOWR('V', 9, struct vmnix_vm_control)
#define VMNIX_IOC_VM_SET _IOWR('V', 10, struct vmnix_vm_set)
#define VMNIX_IOC_VM_INFO _IOWR('V', 11, struct vmnix_vm_query)
#define VMNIX_IOC_VM_NEXT _IOWR('V', 12, struct vmnix_vm_query)
#define VMNIX_IOC_VM_DEFINITION _IOWR('V', 13, struct vmnix_vm_definition)
#define VMNIX_IOC_VM_WORLD _IOWR('V', 14, struct vmnix_world_query)
#define VMNIX_IOC_VM_CONSOLE_READ _IOWR('V', 15, struct vmnix_vm_console)
#define VMNIX_IOC_VM_CONSOLE_WRITE _IOWR('V', 16, struct vmnix_vm_console)
#define VMNIX_IOC_WAIT _IOWR('V', 17, struct vmnix_wait)
#define VMNIX_IOC_PACKAGE_LOAD _IOWR('V', 18, struct vmnix_package_load)
#define VMNIX_IOC_PACKAGE_DROP _IO('V', 19)
#define VMNIX_IOC_CONSOLE_INFO _IOWR('V', 20, struct vmnix_console_info)
#define VMNIX_IOC_CONSOLE_SET _IOWR('V', 21, struct vmnix_console_policy)
#define VMNIX_IOC_CONSOLE_ORDER _IOWR('V', 22, struct vmnix_console_order)
#define VMNIX_IOC_CONSOLE_LOG _IOWR('V', 23, struct vmnix_console_log)
#define VMNIX_IOC_CONSOLE_BEAT _IOWR('V', 24, struct vmnix_beat)
#define VMNIX_IOC_PIECES _IOWR('V', 25, struct vmnix_pieces_query)

#endif

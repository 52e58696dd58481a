/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * VMs: what the console's driver gives to the VMM and learns from it. Calls are in hypercall.h; `vm` there is an id
 * that VM_CREATE returned and that is never used twice while the VMM lives. Memory moves in pieces of 2 MiB:
 *
 *   the console's --GIVE--> dirty --SCRUB--> free --VM_CREATE--> a VM's --REMOVE--> dirty --SCRUB--> free --TAKE-->
 * back
 *
 * Filled and trusted: "in" by the driver, every field checked by the VMM on its own copy; "out" by the VMM.
 */
#ifndef VMNIX_ABI_HYPERCALL_VM_H
#define VMNIX_ABI_HYPERCALL_VM_H

#include "../types.h"

#define VMNIX_PIECE_SIZE 0x200000ull

#define VMNIX_MAX_VMS 128
#define VMNIX_MAX_VM_VCPUS 32
#define VMNIX_VM_MEMORY_LEAST (2ull << 20)
#define VMNIX_VM_MEMORY_MOST (64ull << 30)
#define VMNIX_VM_NAME 64         /* bytes, zero-terminated: letters, digits, '.', '_' and '-', first no '.' or '-' */
#define VMNIX_VM_DEFINITION 2048 /* bytes that the VMM keeps for the tools and does not look into */

/* Where the guest-physical addresses of a VM lie: RAM below 3 GiB, the rest from 4 GiB on. */
#define VMNIX_VM_LOW_RAM (3ull << 30)
#define VMNIX_VM_HIGH_RAM (4ull << 30)

/* How CPU time is divided. Shares count per vCPU; reservation and limit are of the whole VM, in thousandths of one CPU.
 */
struct vmnix_vm_share {
    uint32_t shares;      /* 1..100000 */
    uint32_t reservation; /* 0: none */
    uint32_t limit;       /* 0: none */
    uint32_t reserved;    /* zero */
    uint64_t affinity[4]; /* bit n: may run on CPU n; all zero: on every CPU */
};

enum vmnix_vm_flag {
    VMNIX_VM_AUTO_REMOVE = 1, /* the VMM removes it when it has ended */
};

struct vmnix_vm_config { /* in */
    uint32_t size;       /* of this structure as the caller knows it */
    uint32_t vcpus;      /* 1..VMNIX_MAX_VM_VCPUS, APIC ID = number */
    uint64_t memory;     /* bytes, a multiple of VMNIX_PIECE_SIZE */
    uint64_t epoch;      /* time of day now, in ns since 1970-01-01 UTC */
    uint8_t uuid[16];
    char name[VMNIX_VM_NAME];
    struct vmnix_vm_share share;
    uint32_t flags;        /* enum vmnix_vm_flag */
    uint32_t console_size; /* bytes of console output that are kept: a multiple of 4096, 4096..1 MiB */
    uint32_t definition_size;
    uint32_t reserved; /* zero */
    char definition[VMNIX_VM_DEFINITION];
};
VMNIX_STATIC_ASSERT(sizeof(struct vmnix_vm_config) == 40 + 64 + 48 + 16 + 2048, "VM config layout");

struct vmnix_segment {
    uint16_t selector;
    uint16_t attributes; /* descriptor bits 47:40 in 7:0, 55:52 in 11:8 */
    uint32_t limit;      /* bytes */
    uint64_t base;
};

/* With what the first vCPU begins; the others wait for INIT and start-up. What is not here is as after reset. */
struct vmnix_boot_state { /* in */
    uint64_t gpr[16];     /* rAX, rCX, rDX, rBX, rSP, rBP, rSI, rDI, r8..r15 */
    uint64_t rip, rflags, cr0, cr3, cr4, efer;
    struct vmnix_segment cs, ds, es, fs, gs, ss, tr, ldtr, gdtr, idtr; /* of the last two base and limit */
};
VMNIX_STATIC_ASSERT(sizeof(struct vmnix_boot_state) == 336, "boot state layout");

struct vmnix_vm_copy { /* in */
    uint64_t to;       /* guest-physical in the VM; must not cross a page */
    uint64_t from;     /* guest-physical in the console */
    uint64_t bytes;    /* 1..4096 */
};

enum vmnix_vm_order {
    VMNIX_VM_PAUSE = 1,
    VMNIX_VM_RESUME = 2,
    VMNIX_VM_POWER_BUTTON = 3,
    VMNIX_VM_KILL = 4,   /* ends it now; it stays listed */
    VMNIX_VM_RESET = 5,  /* back to VMNIX_VM_STATE_CREATED: write its memory again and start it */
    VMNIX_VM_REMOVE = 6, /* only when it has not started or has ended: gone with its memory */
};

enum vmnix_vm_state {
    VMNIX_VM_STATE_CREATED = 1, /* not started yet */
    VMNIX_VM_STATE_RUNNING = 2,
    VMNIX_VM_STATE_PAUSED = 3,
    VMNIX_VM_STATE_ENDED = 4,
};

enum vmnix_vm_ending {
    VMNIX_VM_NOT_ENDED = 0,
    VMNIX_VM_POWERED_OFF = 1, /* by the guest */
    VMNIX_VM_REBOOTED = 2,    /* the guest asked for a reset */
    VMNIX_VM_CRASHED = 3,     /* see reason */
    VMNIX_VM_KILLED = 4,      /* by order */
};

struct vmnix_vm_info { /* out */
    uint32_t size;     /* bytes that the VMM filled */
    uint32_t id;
    uint32_t state;  /* enum vmnix_vm_state */
    uint32_t ending; /* enum vmnix_vm_ending */
    char name[VMNIX_VM_NAME];
    uint8_t uuid[16];
    char reason[96];                     /* for people: why it crashed */
    uint64_t memory;                     /* bytes of RAM */
    uint64_t overhead;                   /* bytes beside it: tables, vCPUs, devices; without the console's ring */
    uint64_t console_size, console_head; /* bytes kept; position after the newest byte */
    uint64_t created_tsc, started_tsc, ended_tsc; /* 0: not yet */
    uint64_t tsc;                                 /* when this was filled */
    uint32_t vcpus, flags;
    struct vmnix_vm_share share;
    uint64_t run_tsc, ready_tsc, wait_tsc; /* all vCPUs together */
    uint64_t exits;
    uint32_t definition_size;
    uint32_t reserved;
};
VMNIX_STATIC_ASSERT(sizeof(struct vmnix_vm_info) == 352, "VM info layout");

/* One vCPU of a VM, or, with vm 0, one of the console. */
struct vmnix_world_info { /* out */
    uint32_t size;
    uint32_t state;  /* enum vmnix_vcpu_state */
    uint32_t cpu;    /* where it runs or ran last */
    uint32_t on_cpu; /* 1 while it runs */
    uint64_t tsc;    /* when this was filled */
    uint64_t run_tsc, ready_tsc, wait_tsc;
    uint64_t picks, migrations;
    uint64_t exits[24]; /* by enum vmnix_exit_kind */
    uint64_t injected_interrupts, ipis_sent;
};
VMNIX_STATIC_ASSERT(sizeof(struct vmnix_world_info) == 272, "world info layout");

/* All memory that is not the console's: arena + given = image, tables and frames + VMs + free + dirty + package.
 * Bytes. */
struct vmnix_memory_info { /* out */
    uint32_t size;
    uint32_t vms;         /* that exist, in whatever state */
    uint64_t given;       /* by GIVE and not taken back */
    uint64_t frames;      /* of it: pages for tables, vCPUs, devices, console rings */
    uint64_t frames_used; /* of those and of the arena's */
    uint64_t ram;         /* RAM of VMs */
    uint64_t free, dirty;
    uint64_t package; /* from which a console is restarted */
};
VMNIX_STATIC_ASSERT(sizeof(struct vmnix_memory_info) == 64, "memory info layout");

#endif

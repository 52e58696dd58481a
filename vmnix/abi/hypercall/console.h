/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The service console's own life: how it ends, what the VMM does then, and with what the next one begins. Calls are in
 * hypercall.h, all of them behind VMNIX_FEATURE_RESTART.
 *
 *   runs --an end that somebody told or the VMM saw--> stopped --by policy--> started again from the package
 *                                                                       \--> held: VMs go on, an operator decides
 *                                                                       \--> the host is reset
 *
 * Filled and trusted: "in" by the driver, every field checked by the VMM on its own copy; "out" by the VMM.
 */
#ifndef VMNIX_ABI_HYPERCALL_CONSOLE_H
#define VMNIX_ABI_HYPERCALL_CONSOLE_H

#include "../types.h"
#include "vm.h"

/* Why a console ended. The first group is told by CONSOLE_END, the second is seen by the VMM. */
enum vmnix_console_end {
    VMNIX_END_NONE = 0,
    VMNIX_END_PANIC = 1,     /* its kernel panicked */
    VMNIX_END_RESTART = 2,   /* its kernel was told to restart the machine */
    VMNIX_END_POWER_OFF = 3, /* or to halt or power it off */
    VMNIX_END_KEXEC = 4,     /* or to start another kernel, which would know nothing of the VMs' memory */
    VMNIX_END_ORDER = 5,     /* an operator asked for a new console */
    VMNIX_END_TOLD = 5,      /* the last one that CONSOLE_END takes */

    VMNIX_END_TRIPLE_FAULT = 6,
    VMNIX_END_RESET = 7,     /* a write to a port that resets or powers off the machine */
    VMNIX_END_WATCHDOG = 8,  /* its CPUs take no interrupts any more */
    VMNIX_END_HEARTBEAT = 9, /* its programs are silent */
    VMNIX_END_KINDS = 10,
};

/* What follows an end while there are VMs, or an order in any case. Without VMs all other ends take their course as on
 * a bare machine. */
enum vmnix_console_action {
    VMNIX_ACTION_RESTART = 1,    /* without a sound package: hold */
    VMNIX_ACTION_HOLD = 2,       /* VMs go on; the VMM asks on the first serial port */
    VMNIX_ACTION_RESET_HOST = 3, /* VMs end */
};

enum vmnix_console_state {
    VMNIX_CONSOLE_RUNS = 1,
    VMNIX_CONSOLE_STOPS = 2, /* these are for the log; a console that asks runs */
    VMNIX_CONSOLE_STARTS = 3,
    VMNIX_CONSOLE_HELD = 4,
};

struct vmnix_console_policy { /* in and out */
    uint32_t size;
    uint32_t on_crash;      /* enum vmnix_console_action */
    uint32_t limit;         /* restarts within limit_seconds; 0: no limit */
    uint32_t limit_seconds; /* 1..86400 */
    uint32_t on_limit;      /* enum vmnix_console_action: HOLD or RESET_HOST */
    uint32_t watchdog_ms;   /* of a CPU's own time without an interrupt taken; 0: off; 1000..600000 */
};
VMNIX_STATIC_ASSERT(sizeof(struct vmnix_console_policy) == 24, "console policy layout");

#define VMNIX_END_TEXT 128

struct vmnix_console_info { /* out */
    uint32_t size;
    uint32_t state;                 /* enum vmnix_console_state */
    uint32_t generation;            /* 0: the console that launched the VMM; one more with each restart */
    uint32_t last_end;              /* enum vmnix_console_end of the one before; NONE for the first */
    char last_text[VMNIX_END_TEXT]; /* what it had to say, for people; zero-terminated */
    uint64_t ended_tsc;             /* when the one before ended */
    uint64_t started_tsc;           /* when this one began */
    uint64_t package_bytes;         /* 0: none is registered */
    char package_text[256];         /* as registered */
    uint64_t log_size, log_head;    /* ring of consoles' messages: bytes kept, position after the newest */
    struct vmnix_console_policy policy;
    uint32_t restarts_left; /* within the limit now; ~0: no limit */
    uint32_t beat_ms;       /* heartbeat that is watched; 0: none */
    uint64_t log_of_this;   /* position of the first byte of this console's messages */
};
VMNIX_STATIC_ASSERT(sizeof(struct vmnix_console_info) == 16 + 128 + 24 + 256 + 16 + 24 + 8 + 8, "console info layout");

/* The package: bytes that the VMM keeps, and where they go when a console begins. The VMM knows no kernel's format. */
#define VMNIX_PACKAGE_SEGMENTS 8
#define VMNIX_PACKAGE_MOST (1ull << 30)
#define VMNIX_LOW_MEMORY (1ull << 20)

struct vmnix_package_segment {
    uint64_t to;     /* guest-physical, page-aligned: below VMNIX_LOW_MEMORY, or within the room */
    uint64_t offset; /* in the package, page-aligned */
    uint64_t bytes;
};

struct vmnix_package { /* in */
    uint32_t size;
    uint32_t segment_count;
    uint64_t bytes;    /* of all segments as they follow one another in the package; a multiple of 4096 */
    uint64_t checksum; /* vmnix_checksum() over them */
    /* Console RAM that no VM may get as long as the package is registered: where a kernel unpacks itself before it
     * has read a memory map. Multiples of VMNIX_PIECE_SIZE, below 4 GiB. */
    uint64_t room_base, room_bytes;
    uint64_t map_at;    /* where the VMM writes a struct vmnix_boot_map (guest/boot_map.h); page-aligned */
    uint64_t map_bytes; /* room for it: 4096..65536 */
    char text[256];     /* for people: what is in it; zero-terminated */
    struct vmnix_package_segment segment[VMNIX_PACKAGE_SEGMENTS];
    struct vmnix_boot_state state; /* of the first vCPU */
};
VMNIX_STATIC_ASSERT(sizeof(struct vmnix_package) == 64 - 8 + 256 + 8 * 24 + 336, "package layout");

/* FNV-1a over 64-bit words: against decay and mistakes, not against an adversary, as only the VMM can write there.
 * Chunks are multiples of 8 bytes; `sum` is VMNIX_CHECKSUM_BEGIN at first. */
#define VMNIX_CHECKSUM_BEGIN 0xcbf29ce484222325ull
static inline uint64_t vmnix_checksum(uint64_t sum, const void *data, uint64_t bytes) {
    const uint64_t *word = (const uint64_t *)data; /* what is summed up is page-aligned */

    for (; bytes >= 8; bytes -= 8)
        sum = (sum ^ *word++) * 0x100000001b3ull;
    return sum;
}

/* A driver in a console that it did not launch takes its place. Everything that the one before had asked of the VMM for
 * itself (event interrupt, heartbeat) is forgotten already. */
struct vmnix_attach { /* in */
    uint32_t size;
    uint32_t handover_abi; /* VMNIX_HANDOVER_ABI of the driver; another one than the VMM's attaches, but cannot leave */
    uint64_t stub_pa, stub_va, stub_leave, stub_resume; /* its switch stub, as in struct vmnix_handover */
    /* out */
    uint64_t cpus; /* array of pages, struct vmnix_handover_cpu each, by the VMM's index; read after leaving only */
    uint32_t cpu_count;
    uint32_t can_leave; /* 1: VMNIX_HC_LEAVE may succeed from this console */
    /* in, since handover ABI 4 */
    uint64_t stub_vmx_left;
};
/* A driver of another handover ABI passes this much at least. */
#define VMNIX_ATTACH_LEAST 56
VMNIX_STATIC_ASSERT(sizeof(struct vmnix_attach) == VMNIX_ATTACH_LEAST + 8, "attach layout");

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * How the console's driver calls the VMM. Lifetime: the VMM's; a newer module may meet an older VMM, so numbers and
 * layouts below are only ever added to. A caller negotiates: VMNIX_HC_VERSION first, then only what it names.
 *
 * Calling convention: VMMCALL (AMD) or VMCALL (Intel), without prefixes, at CPL 0 in 64-bit mode.
 *   in:  rax = number, rdi, rsi, rdx = arguments (unused ones must be zero)
 *   out: rax = 0 or a negative VMNIX_HC_E*, rdi, rsi = results where the call names them; all else is preserved.
 * Addresses are guest-physical. The VMM copies an argument structure in once and checks the copy.
 */
#ifndef VMNIX_ABI_HYPERCALL_HYPERCALL_H
#define VMNIX_ABI_HYPERCALL_HYPERCALL_H

#include "../types.h"
#include "console.h"
#include "vm.h"

/* A VMM serves modules of its own ABI and of the one before. Builds for tests define another. */
#ifndef VMNIX_HYPERCALL_ABI
#define VMNIX_HYPERCALL_ABI 2
#endif
#define VMNIX_HYPERCALL_ABI_OLDEST (VMNIX_HYPERCALL_ABI - 1)

/* CPUID: the VMM's signature in EBX, ECX, EDX of this leaf, the highest leaf in EAX; the next leaf tells EAX =
 * hypercall ABI, EBX = oldest ABI served, ECX = feature bits, EDX = vCPU index. */
#define VMNIX_CPUID_BASE 0x40000000u
#define VMNIX_CPUID_VERSION 0x40000001u
#define VMNIX_CPUID_EBX 0x696e6d76u /* "vmni" */
#define VMNIX_CPUID_ECX 0x6e6d7678u /* "xvmn" */
#define VMNIX_CPUID_EDX 0x00007869u /* "ix" */

enum vmnix_hypercall {
    VMNIX_HC_VERSION = 0,   /* out: rdi = ABI, rsi = features */
    VMNIX_HC_INFO = 1,      /* rdi = address, rsi = size of a struct vmnix_info; out: rdi = bytes written */
    VMNIX_HC_CPU_STATS = 2, /* rdi = address, rsi = size of a struct vmnix_cpu_stats, rdx = vCPU; out: rdi = bytes */
    VMNIX_HC_LOG_READ = 3,  /* rdi = address, rsi = size (at most a page, not crossing one), rdx = position;
                               out: rdi = bytes, rsi = position of the first one (later than asked if lines were lost) */
    VMNIX_HC_EVENT = 4, /* rdi = vector (32..255, or 0 for none), rsi = vCPU: interrupt when the log grows, a VM ends or
                           pauses, or there is console output after a VM_CONSOLE_READ that found none */
    VMNIX_HC_LEAVE = 5, /* every vCPU, with interrupts off: returns 0 on the bare CPU, through the switch stub */
    VMNIX_HC_TEST = 6,  /* only with VMNIX_FEATURE_TEST: rdi = enum vmnix_test, rsi = argument */

    /* Memory and VMs: VMNIX_FEATURE_VMS, structures in vm.h. */
    VMNIX_HC_GIVE = 7,       /* rdi = address of a piece of the caller's RAM: it is the VMM's from now on */
    VMNIX_HC_SCRUB = 8,      /* clears one dirty piece; out: rdi = pieces that are still dirty. EBUSY: a CPU may still
                                write to them, try again */
    VMNIX_HC_TAKE = 9,       /* out: rdi = address of a free piece, the caller's again; ENOENT: none is free */
    VMNIX_HC_MEMORY = 10,    /* rdi = address, rsi = size of a struct vmnix_memory_info; out: rdi = bytes */
    VMNIX_HC_VM_CREATE = 11, /* rdi = address, rsi = size of a struct vmnix_vm_config; out: rdi = id.
                                ENOMEM: out: rdi = free pieces that it takes. EEXIST: the name or UUID is taken */
    VMNIX_HC_VM_WRITE = 12,  /* rdi = vm (not started), rsi = address of a struct vmnix_vm_copy */
    VMNIX_HC_VM_START = 13,  /* rdi = vm, rsi = address of a struct vmnix_boot_state, rdx = its size */
    VMNIX_HC_VM_ORDER = 14,  /* rdi = vm, rsi = enum vmnix_vm_order. EBUSY: in this state the order makes no sense.
                                EAGAIN: see there */
    VMNIX_HC_VM_SHARE = 15,  /* rdi = vm (0: the console), rsi = address of a struct vmnix_vm_share. ENOSPC: the
                                reservations of all would exceed what the CPUs have */
    VMNIX_HC_VM_INFO =
        16, /* rdi = vm (0: the console), rsi = address, rdx = size of a struct vmnix_vm_info; out: rdi = bytes */
    VMNIX_HC_VM_NEXT = 17,          /* rdi = vm or 0; out: rdi = the next higher id; ENOENT: there is none */
    VMNIX_HC_VM_DEFINITION = 18,    /* rdi = vm, rsi = address, rdx = bytes of room; out: rdi = bytes written */
    VMNIX_HC_VM_WORLD = 19,         /* rdi = vm (0: the console) | vCPU << 32, rsi = address, rdx = size of a struct
                                       vmnix_world_info; out: rdi = bytes */
    VMNIX_HC_VM_CONSOLE_READ = 20,  /* rdi = vm, rsi = address of a page, rdx = position; out: rdi = bytes (up to 4096),
                                   rsi = position of the first one */
    VMNIX_HC_VM_CONSOLE_WRITE = 21, /* rdi = vm, rsi = address, rdx = bytes (at most 256, not crossing a page);
                                  out: rdi = bytes that the UART took */

    /* The console itself: VMNIX_FEATURE_RESTART, structures in console.h. */
    VMNIX_HC_CONSOLE_END = 22, /* rdi = enum vmnix_console_end up to TOLD, rsi = address of text, rdx = its bytes (at
                                  most VMNIX_END_TEXT, not crossing a page; 0: none). Does not return when the VMM
                                  ends this console. EBUSY: it does not, there are no VMs */
    VMNIX_HC_CONSOLE_LOG = 23, /* rdi = address, rsi = bytes (within a page; may be 0): into the ring;
                                * rdi: 1 when the watchdog asks this CPU by an NMI where it is, else 0 */
    VMNIX_HC_CONSOLE_LOG_READ = 24, /* as LOG_READ, of that ring */
    VMNIX_HC_CONSOLE_SET = 25,      /* rdi = address, rsi = size of a struct vmnix_console_policy */
    VMNIX_HC_CONSOLE_INFO = 26,     /* rdi = address, rsi = size of a struct vmnix_console_info; out: rdi = bytes */
    VMNIX_HC_CONSOLE_BEAT = 27,     /* rdi = milliseconds (100..600000) until the next one is due, 0: no more are */
    VMNIX_HC_PACKAGE_BEGIN = 28,    /* rdi = address, rsi = size of a struct vmnix_package. One that was begun before is
                                       forgotten, the registered one stays. ENOMEM: out: rdi = free pieces that it takes.
                                       EEXIST: there is a VM's or the VMM's memory in its room */
    VMNIX_HC_PACKAGE_WRITE = 29,    /* rdi = offset, rsi = address of a page of the package's bytes: in order */
    VMNIX_HC_PACKAGE_SEAL = 30, /* the one that was begun takes the place of the registered one. EINVAL: its bytes are
                                   not all there, or not those of the checksum */
    VMNIX_HC_PACKAGE_DROP = 31, /* none is registered any more. ENOENT: none was */
    VMNIX_HC_ATTACH = 32,       /* rdi = address, rsi = size of a struct vmnix_attach; out: rdi = bytes. EBUSY: this
                                   console launched the VMM, or another driver has gone a moment ago. EINVAL: the stub is
                                   no page. EEXIST: its address is taken */
    VMNIX_HC_PIECES = 33,       /* rdi = address; out: rdi = address of the first memory from there on that is RAM and
                                   not the console's, rsi = bytes of it that lie together; ENOENT: no more */
    VMNIX_HC_COUNT = 34,
};

enum vmnix_test {
    VMNIX_TEST_PLANT = 1, /* write the 8-byte pattern rsi all over a page of VMM memory; out: rdi = its address */
    VMNIX_TEST_PANIC = 2, /* rsi: 0 assertion, 1 null access, 2 stack overflow */
};

#define VMNIX_FEATURE_LOG (1ull << 0)
#define VMNIX_FEATURE_EVENT (1ull << 1)
#define VMNIX_FEATURE_VMS (1ull << 2)
#define VMNIX_FEATURE_RESTART (1ull << 3)
#define VMNIX_FEATURE_TEST (1ull << 63)

enum vmnix_hypercall_error {
    VMNIX_HC_EINVAL = 1,    /* an argument breaks its rule */
    VMNIX_HC_ENOSYS = 2,    /* no such call in this VMM */
    VMNIX_HC_EFAULT = 3,    /* the address is not the caller's RAM */
    VMNIX_HC_EPERM = 4,     /* not from CPL 0 */
    VMNIX_HC_EBUSY = 5,     /* not now (a VM exists, another leave is under way) */
    VMNIX_HC_ETIMEDOUT = 6, /* a vCPU did not come to the rendezvous; nothing changed */
    VMNIX_HC_ENOENT = 7,    /* no such VM, or nothing left */
    VMNIX_HC_ENOMEM = 8,    /* the VMM has too few free pieces */
    VMNIX_HC_EEXIST = 9,    /* the name or UUID is taken */
    VMNIX_HC_ENOSPC = 10,   /* a limit is reached: VMs, reservations */
    VMNIX_HC_EAGAIN = 11,   /* begun, and not finished: call again, with interrupts on in between */
};

/* Everything about the VMM that is worth a look; grows at the end. Filled by the VMM, trusted by nobody. */
struct vmnix_info {
    uint32_t size; /* bytes that the VMM filled */
    uint32_t hypercall_abi;
    char version[24];
    uint8_t build_id[20];
    uint32_t cpu_count;
    uint64_t arena_base, arena_size, arena_used; /* bytes */
    uint64_t tsc_khz;
    uint64_t launched_tsc; /* TSC at the end of the launch, on the first CPU */
    uint64_t features;
    uint32_t backend;       /* enum vmnix_backend */
    uint32_t paging_levels; /* of the nested tables */
    uint32_t x2apic;        /* 1 when the physical local APICs are in x2APIC mode */
    uint32_t isolation;     /* enum vmnix_isolation */
    uint64_t log_head;      /* position after the newest byte of the log */
    uint64_t log_size;      /* bytes that the log keeps */
    uint64_t silicon;       /* features in use that were never seen on silicon; 0: not told */
};
VMNIX_STATIC_ASSERT(sizeof(struct vmnix_info) == 144, "info layout");

enum vmnix_backend { VMNIX_BACKEND_SVM = 1, VMNIX_BACKEND_VMX = 2 };
enum vmnix_isolation { VMNIX_ISOLATION_NONE = 0, VMNIX_ISOLATION_GUARDED = 1, VMNIX_ISOLATION_OWNED = 2 };

/* Why a vCPU left the guest. Names are the neutral ones of vmm/exit/; order is ABI. */
enum vmnix_exit_kind {
    VMNIX_EXIT_CPUID = 0,
    VMNIX_EXIT_MSR_READ = 1,
    VMNIX_EXIT_MSR_WRITE = 2,
    VMNIX_EXIT_PORT = 3,
    VMNIX_EXIT_MMIO = 4,
    VMNIX_EXIT_HYPERCALL = 5,
    VMNIX_EXIT_INTERRUPT = 6,
    VMNIX_EXIT_WINDOW = 7, /* the guest can take a held interrupt or NMI now */
    VMNIX_EXIT_NMI = 8,
    VMNIX_EXIT_HALT = 9,
    VMNIX_EXIT_CONTROL = 10,   /* control register, XSETBV, descriptor tables */
    VMNIX_EXIT_EXCEPTION = 11, /* #MC, #DB and what else is watched */
    VMNIX_EXIT_INIT = 12,
    VMNIX_EXIT_NESTED_FAULT = 13, /* nested page fault that is not a device's */
    VMNIX_EXIT_REFUSED = 14,      /* instruction that this VMM does not offer (VMRUN and friends) */
    VMNIX_EXIT_SHUTDOWN = 15,
    VMNIX_EXIT_OTHER = 16,
    VMNIX_EXIT_KINDS = 17,
};

struct vmnix_cpu_stats {
    uint32_t size; /* bytes that the VMM filled */
    uint32_t apic_id;
    uint32_t state;     /* enum vmnix_vcpu_state */
    uint32_t kinds;     /* VMNIX_EXIT_KINDS of the VMM */
    uint64_t tsc;       /* when this was taken */
    uint64_t exits[24]; /* by enum vmnix_exit_kind */
    uint64_t injected_interrupts;
    uint64_t injected_nmis;
    uint64_t ipis_sent;
    uint64_t timer_fired;
    uint64_t vmm_tsc; /* TSC ticks spent in the VMM; 0 where they are not counted */
};
VMNIX_STATIC_ASSERT(sizeof(struct vmnix_cpu_stats) == 256, "stats layout");

enum vmnix_vcpu_state {
    VMNIX_VCPU_RUNNING = 0,
    VMNIX_VCPU_WAIT_FOR_SIPI = 1,
    VMNIX_VCPU_STOPPED = 2,
    VMNIX_VCPU_RESTARTING = 3, /* the console's first, while the next console is made ready */
};

#endif

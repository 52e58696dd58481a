/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What module and VMM tell one another while a machine changes hands.
 * Lifetime: handover; module and image of one build, so there is no compatibility to keep.
 *
 * All of it lies in the arena, the physically contiguous memory that the module reserved for the VMM. The module writes
 * its part before the first call and the VMM trusts that part: whoever can load a module already owns the machine.
 * After VMNIX_CALL_ENTER the arena is out of the console's reach.
 */
#ifndef VMNIX_ABI_HANDOVER_HANDOVER_H
#define VMNIX_ABI_HANDOVER_HANDOVER_H

#include "image.h"
#include "offsets.h"

#define VMNIX_MAX_CPUS 256
#define VMNIX_MAX_MEMORY 128
#define VMNIX_MAX_IOAPICS 16

/* What the stub asks of the VMM's entry point. Each call runs with interrupts and NMIs held off. */
enum vmnix_call {
    VMNIX_CALL_INIT = 1,  /* one CPU, the others run on: build tables and per-CPU state; may fail without a trace */
    VMNIX_CALL_ENTER = 2, /* every CPU, stopped: returns an error on all of them, or returns as a guest with 0 */
};

/* Results of both calls. Zero is success. */
enum vmnix_status {
    VMNIX_OK = 0,
    VMNIX_ERR_ABI = 1,      /* handover_abi or a size differs */
    VMNIX_ERR_MEMORY = 2,   /* the arena is too small for this machine */
    VMNIX_ERR_CPU = 3,      /* a feature that preflight should have refused */
    VMNIX_ERR_STATE = 4,    /* the captured state would not pass the CPU's entry checks */
    VMNIX_ERR_TIMEOUT = 5,  /* a CPU did not arrive in time; all rolled back */
    VMNIX_ERR_PEER = 6,     /* another CPU failed; this one rolled back */
    VMNIX_ERR_INJECTED = 7, /* a test asked for this failure */
    VMNIX_ERR_LAYOUT = 8,   /* memory map, stub or device addresses contradict one another */
    VMNIX_ERR_EXTINT = 9,   /* interrupts come through the 8259 PIC (Linux started with noapic) */
};

/* The steps of VMNIX_CALL_ENTER at which a test may inject a fault, in order. */
enum vmnix_step {
    VMNIX_STEP_NONE = 0,
    VMNIX_STEP_ARRIVE = 1,  /* before the first rendezvous */
    VMNIX_STEP_CAPTURE = 2, /* while the guest state is built and checked */
    VMNIX_STEP_APIC = 3,    /* while the local APIC is modelled; it is taken over after the last step */
    VMNIX_STEP_COMMIT = 4,  /* before the last rendezvous, the point of no return */
    VMNIX_STEP_COUNT = 5,
};

enum vmnix_fault_mode {
    VMNIX_FAULT_FAIL = 1,  /* the step reports VMNIX_ERR_INJECTED */
    VMNIX_FAULT_WEDGE = 2, /* the CPU dawdles for three rendezvous time-outs, then goes on */
    VMNIX_FAULT_NMI = 3,   /* the CPU sends itself an NMI, which must reach Linux afterwards */
    VMNIX_FAULT_OPEN = 4,  /* as FAIL, and all CPUs come and go as if they had no GIF: NMIs are not held off */
};

enum vmnix_memory_kind {
    VMNIX_MEMORY_RAM = 1,    /* console RAM: hypercall buffers and page tables may lie here */
    VMNIX_MEMORY_DEVICE = 2, /* firmware tables, device windows: mapped to the console, never read by the VMM */
};

struct vmnix_memory {
    uint64_t base; /* bytes, page-aligned */
    uint64_t size; /* bytes, page-aligned */
    uint32_t kind; /* enum vmnix_memory_kind */
    uint32_t reserved;
};

struct vmnix_ioapic {
    uint64_t base; /* physical address of its register page */
    uint32_t gsi_base;
    uint32_t pins;
};

/* Ports by which the console can end the machine, from the firmware's tables; 0: none. */
struct vmnix_power_ports {
    uint16_t reset;      /* a write of reset_value resets: ACPI 6.5, 4.8.3.6 */
    uint16_t pm1a, pm1b; /* PM1 control: a write with SLP_EN sleeps or powers off: 4.8.3.2 */
    uint8_t reset_value;
    uint8_t reserved; /* zero */
};

/* Linux's registers across a switch. The stub fills it on the way in; on the way out (failed enter, leave) it reloads
 * it. */
struct vmnix_switch_state {
    uint64_t rsp; /* on it: callee-saved registers and RFLAGS as the stub pushed them, then the return address */
    uint64_t cr0, cr2, cr3, cr4;
    uint64_t dr6, dr7;
    uint16_t gdtr_pad[3], gdtr_limit; /* limit and base are adjacent, as LGDT wants them */
    uint64_t gdtr_base;
    uint16_t idtr_pad[3], idtr_limit;
    uint64_t idtr_base;
    uint16_t cs, ss, ds, es, fs, gs, tr, ldtr;
};

/* An interrupt gate, as hardware reads it. */
struct vmnix_gate {
    uint64_t low, high;
};

/*
 * One page per CPU. Without a GIF nothing holds NMIs and machine checks off while a CPU passes from one address space
 * to the other, so until the side that it comes to has loaded tables of its own, the CPU uses those in this page, which
 * both have mapped at the same address. They count what arrives, and nothing else.
 */
struct vmnix_handover_cpu {
    struct vmnix_switch_state state;
    uint64_t vmm_cr3;  /* tables to load on the way in; the module sets the bootstrap's, INIT replaces it */
    uint64_t vmm_rsp;  /* top of this CPU's VMM stack */
    uint64_t vmm_self; /* this structure in the VMM's address space */
    uint64_t entry;    /* vmnix_image_header.entry */
    uint32_t apic_id;
    uint32_t index;       /* 0 .. cpu_count-1 */
    uint64_t efer;        /* EFER as Linux had it, before virtualisation was enabled */
    uint64_t irq_off_tsc; /* TSC when this CPU's interrupts went off; written by the module */
    uint64_t resumed_tsc; /* TSC at the first instruction back in Linux; written by the module */
    uint32_t pending_nmi; /* NMIs that arrived in the VMM's hands and are Linux's; the module raises them again */
    uint32_t early_nmis;  /* counted by the tables below; whoever takes the CPU forwards them, and clears this */
    uint64_t handover;    /* struct vmnix_handover in the VMM's address space */
    uint64_t console_va;  /* this structure in Linux's address space, and in the VMM's while CPUs are launched */
    uint32_t early_machine_checks; /* as early_nmis, but nothing can be sent again: the module logs them */
    uint32_t reserved;             /* zero */
    /* Filled by the module, once; bases lie in this page, at console_va. */
    uint16_t early_gdtr_pad[3], early_gdtr_limit;
    uint64_t early_gdtr_base;
    uint16_t early_idtr_pad[3], early_idtr_limit;
    uint64_t early_idtr_base;
    uint64_t early_gdt[VMNIX_EARLY_SELECTORS]; /* flat 64-bit code at VMNIX_CS, flat data at VMNIX_SS */
    struct vmnix_gate early_idt[VMNIX_EARLY_VECTORS] __attribute__((aligned(16)));
    uint8_t early_stack[VMNIX_EARLY_STACK] __attribute__((aligned(16)));
};

/* Offer VMNIX_HC_TEST to the console. */
#define VMNIX_HANDOVER_TEST (1u << 0)

struct vmnix_handover {
    uint32_t abi;  /* VMNIX_HANDOVER_ABI */
    uint32_t size; /* sizeof this */
    /* Filled by the module. Physical addresses and bytes. */
    uint64_t arena_base, arena_size; /* all memory of the VMM, 2 MiB-aligned */
    uint64_t arena_free;             /* first byte that neither image, bootstrap tables nor these structures use */
    uint64_t image_base;             /* where the image's first byte lies */
    uint64_t cpus;                   /* array of cpu_count pages, struct vmnix_handover_cpu each */
    uint64_t stub_va;                /* the one page of code that both sides execute */
    uint64_t stub_leave;             /* address in it that gives a CPU back: rdi = vmnix_handover_cpu, eax = result */
    uint64_t stub_resume;            /* address in it at which a CPU wakes up as a guest */
    uint64_t stub_vmx_left;          /* address in it that the last VM exit of a leave goes to; see vmnix/switch.S */
    uint64_t tsc_khz;
    uint64_t apic_timer_khz; /* local APIC timer's input clock, before the divide configuration */
    uint64_t lapic_base;     /* from IA32_APIC_BASE; not used in x2APIC mode */
    uint64_t timeout_tsc;    /* ticks that a rendezvous waits */
    uint32_t cpu_count;
    uint32_t memory_count;
    uint32_t ioapic_count;
    uint32_t fault_cpu;  /* index; used when fault_step is not NONE */
    uint32_t fault_step; /* enum vmnix_step */
    uint32_t fault_mode; /* enum vmnix_fault_mode */
    uint32_t flags;      /* VMNIX_HANDOVER_* */
    uint32_t reserved;   /* zero */
    struct vmnix_power_ports power;
    uint64_t pci_buses[4];                        /* bit n: bus n of the first segment exists */
    struct vmnix_memory memory[VMNIX_MAX_MEMORY]; /* ascending, disjoint */
    struct vmnix_ioapic ioapic[VMNIX_MAX_IOAPICS];
    /* Filled by the VMM in VMNIX_CALL_INIT. */
    uint64_t arena_used; /* bytes handed out, image included */
    uint32_t failed_cpu; /* after a failed ENTER: index of the CPU that failed first */
    uint32_t failed_step;
};

#define VMNIX_CHECK_OFFSET(member, offset)                                                                             \
    VMNIX_STATIC_ASSERT(__builtin_offsetof(struct vmnix_handover_cpu, member) == (offset), #member)
VMNIX_CHECK_OFFSET(state.rsp, VMNIX_OFF_RSP);
VMNIX_CHECK_OFFSET(state.cr3, VMNIX_OFF_CR3);
VMNIX_CHECK_OFFSET(state.dr7, VMNIX_OFF_DR7);
VMNIX_CHECK_OFFSET(state.gdtr_limit, VMNIX_OFF_GDTR);
VMNIX_CHECK_OFFSET(state.idtr_limit, VMNIX_OFF_IDTR);
VMNIX_CHECK_OFFSET(state.cs, VMNIX_OFF_CS);
VMNIX_CHECK_OFFSET(state.ldtr, VMNIX_OFF_LDTR);
VMNIX_CHECK_OFFSET(vmm_cr3, VMNIX_OFF_VMM_CR3);
VMNIX_CHECK_OFFSET(entry, VMNIX_OFF_ENTRY);
VMNIX_CHECK_OFFSET(early_nmis, VMNIX_OFF_EARLY_NMIS);
VMNIX_CHECK_OFFSET(console_va, VMNIX_OFF_CONSOLE_VA);
VMNIX_CHECK_OFFSET(early_machine_checks, VMNIX_OFF_EARLY_MACHINE_CHECKS);
VMNIX_CHECK_OFFSET(early_gdtr_limit, VMNIX_OFF_EARLY_GDTR);
VMNIX_CHECK_OFFSET(early_idtr_limit, VMNIX_OFF_EARLY_IDTR);
VMNIX_CHECK_OFFSET(early_idt, VMNIX_OFF_EARLY_IDT);
VMNIX_CHECK_OFFSET(early_stack[VMNIX_EARLY_STACK], VMNIX_OFF_EARLY_STACK_TOP);
#undef VMNIX_CHECK_OFFSET

#endif

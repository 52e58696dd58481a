/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * /dev/vmnix for programs in the console. Lifetime: the module's.
 *   read(2)  the VMM's log, text, from the oldest kept byte; blocks for more unless O_NONBLOCK (EAGAIN).
 *   poll(2)  readable when there is more log.
 *   ioctl(2) below. Errors: EFAULT, EINVAL (a size of 0), ENOTTY, ENODEV (the VMM is gone).
 * A caller sets `size` to what it was compiled with; the driver writes at most that and returns what it wrote.
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

#define VMNIX_IOC_INFO _IOWR('V', 1, struct vmnix_info)
#define VMNIX_IOC_STATS _IOWR('V', 2, struct vmnix_stats_query)
#define VMNIX_IOC_LAUNCH _IOWR('V', 3, struct vmnix_launch_record)
#define VMNIX_IOC_HYPERCALL _IOWR('V', 4, struct vmnix_raw_hypercall)

#endif

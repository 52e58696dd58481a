/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Fixed-width types for every ABI header, in the kernel (C11), the VMM (freestanding C++20) and hosted programs.
 * The kernel has no <stdint.h>; its <linux/types.h> names the same types.
 */
#ifndef VMNIX_ABI_TYPES_H
#define VMNIX_ABI_TYPES_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#ifdef __cplusplus
#define VMNIX_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define VMNIX_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#endif

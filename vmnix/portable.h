/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few names that pure sources (elf.c, memmap.c, preflight.c) need. They are compiled twice:
 * into the module, and hosted into unit tests and the vmnix command.
 */
#ifndef VMNIX_PORTABLE_H
#define VMNIX_PORTABLE_H

#ifdef __KERNEL__
#include <uapi/linux/elf.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#endif

#ifdef __cplusplus
#define VMNIX_BEGIN_C extern "C" {
#define VMNIX_END_C }
#else
#define VMNIX_BEGIN_C
#define VMNIX_END_C
#endif

#define VMNIX_PAGE_SIZE 4096ull

#endif

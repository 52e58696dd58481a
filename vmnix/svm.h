/* SPDX-License-Identifier: GPL-2.0-only */
/* AMD's part of a switch; vmx.h has Intel's. */
#ifndef VMNIX_SVM_H
#define VMNIX_SVM_H

#include <linux/types.h>

struct vmnix_hold;

/*
 * Enables SVM here and, unless it is to be left open, holds NMIs, SMIs and machine checks off.
 * Interrupts are off already.
 */
void vmnix_svm_hold(struct vmnix_hold *hold, bool open);

/* The reverse, on a CPU that is not (or no longer) a guest. What was held off arrives now. */
void vmnix_svm_release(const struct vmnix_hold *hold);

#endif

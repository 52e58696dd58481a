/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the VMM keeps of this console for the one after it: the kernel's messages as they come, and
 * why it ended. Nothing of it without VMNIX_FEATURE_RESTART.
 */
#ifndef VMNIX_LAST_WORDS_H
#define VMNIX_LAST_WORDS_H

#include "abi/hypercall/console.h"

struct vmnix;

int vmnix_last_words_start(struct vmnix *v);
void vmnix_last_words_stop(struct vmnix *v); /* also when stopped already */

/*
 * Does not return when the VMM ends this console, in whatever context it is called. `text` may be
 * NULL.
 */
void vmnix_last_words_end(struct vmnix *v, enum vmnix_console_end end, const char *text);

#endif

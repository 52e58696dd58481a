/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The closed world: a bit that the running Linux has set and that is not named "known" here refuses
 * the launch, because the VMM would not carry it across a switch or does not know what it changes.
 */
#ifndef VMNIX_KNOWN_BITS_H
#define VMNIX_KNOWN_BITS_H

#include "portable.h"

struct vmnix_bit {
	uint8_t bit;
	bool known;
	const char *name;
};

enum vmnix_word { VMNIX_WORD_CR4, VMNIX_WORD_EFER, VMNIX_WORD_XCR0, VMNIX_WORD_XSS, VMNIX_WORDS };

VMNIX_BEGIN_C
const char *vmnix_word_name(enum vmnix_word word);
bool vmnix_bit_is_known(enum vmnix_word word, uint32_t bit);
/* The architecture's name of a bit, or NULL for one that has none yet. */
const char *vmnix_bit_name(enum vmnix_word word, uint32_t bit);
VMNIX_END_C

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMNIX_TESTS_FRAGMENT_H
#define VMNIX_TESTS_FRAGMENT_H

#include "poke.h"

int poke_fragment(struct poke *poke);
void poke_defragment(void);

#endif

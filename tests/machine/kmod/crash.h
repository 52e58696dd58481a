/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMNIX_TESTS_CRASH_H
#define VMNIX_TESTS_CRASH_H

#include "poke.h"

int poke_crash(struct poke *poke);

#endif

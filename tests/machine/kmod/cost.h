/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMNIX_TESTS_COST_H
#define VMNIX_TESTS_COST_H

#include "poke.h"

int poke_cost(struct poke *poke);
int poke_ipi(struct poke *poke);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Records what preflight judges, on the machine as it is. */
#ifndef VMNIX_FACTS_H
#define VMNIX_FACTS_H

#include "platform.h"
#include "preflight.h"

/* All but the image. CPU hotplug is off meanwhile. */
void vmnix_facts_gather(struct vmnix_facts *facts, const struct vmnix_platform *platform);

#endif

// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/vmnix/abi_layout.h"

#define HANDOVER(type) {#type, sizeof(struct type)},
#define SIZE(type, bytes) {#type, sizeof(struct type)},
#define AT(type, member, offset) {#type "." #member, offsetof(struct type, member)},

const struct layout vmnix_c_layout[] = {VMNIX_HANDOVER(HANDOVER) VMNIX_SIZES(SIZE)
                                            VMNIX_OFFSETS(AT){"ioctl info", VMNIX_IOC_INFO},
                                        {"ioctl stats", VMNIX_IOC_STATS},
                                        {"ioctl launch", VMNIX_IOC_LAUNCH},
                                        {"ioctl hypercall", VMNIX_IOC_HYPERCALL},
                                        {NULL, 0}};

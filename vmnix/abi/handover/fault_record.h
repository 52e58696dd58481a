/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What a VMM that stops leaves for the next boot, whose module need not be of the same build. It lies where SeaBIOS,
 * OVMF and GRUB have nothing of theirs, and in the first MiB, of which Linux since 5.13 gives nothing away. Whether
 * memory is what it was after a reset is the firmware's business.
 */
#ifndef VMNIX_ABI_HANDOVER_FAULT_RECORD_H
#define VMNIX_ABI_HANDOVER_FAULT_RECORD_H

#include "../types.h"

#define VMNIX_FAULT_RECORD_AT 0x3000u /* physical, one page; none is kept where it is no RAM */
#define VMNIX_FAULT_RECORD_MAGIC 0x74726f706572766dull
#define VMNIX_FAULT_RECORD_TEXT 4072

struct vmnix_fault_record {
    uint64_t magic;
    uint64_t checksum;                  /* vmnix_checksum() over `text`, begun with the magic number */
    char text[VMNIX_FAULT_RECORD_TEXT]; /* the report's lines, zeros behind */
    uint64_t reserved;
};
VMNIX_STATIC_ASSERT(sizeof(struct vmnix_fault_record) == 4096, "one page");

#endif

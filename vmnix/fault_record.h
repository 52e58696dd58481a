/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMNIX_FAULT_RECORD_H
#define VMNIX_FAULT_RECORD_H

/* Tells what the VMM of an earlier boot said when it stopped, once: abi/handover/fault_record.h. */
void vmnix_tell_fault_record(void);

#endif

// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "vmnix: " fmt

#include "fault_record.h"

#include <linux/ctype.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "abi/handover/fault_record.h"
#include "abi/hypercall/console.h"

/* It has been lying in memory that anybody could write to. */
static void tell(char *text)
{
	char *line;

	pr_err("the VMM stopped in an earlier boot of this machine, and said:\n");
	while ((line = strsep(&text, "\n"))) {
		char *c;

		for (c = line; *c; c++)
			if (!isascii(*c) || !isprint(*c))
				*c = ' ';
		if (*strim(line))
			pr_err("| %s\n", strim(line));
	}
}

void vmnix_tell_fault_record(void)
{
	struct vmnix_fault_record *at, *record;

	if (!page_is_ram(PHYS_PFN(VMNIX_FAULT_RECORD_AT)))
		return;
	at = memremap(VMNIX_FAULT_RECORD_AT, sizeof(*at), MEMREMAP_WB);
	if (!at)
		return;
	record = at->magic == VMNIX_FAULT_RECORD_MAGIC ? kmemdup(at, sizeof(*at), GFP_KERNEL) : NULL;
	if (record) {
		at->magic = 0;
		if (record->checksum == vmnix_checksum(VMNIX_FAULT_RECORD_MAGIC, record->text,
						       sizeof(record->text))) {
			record->text[sizeof(record->text) - 1] = 0;
			tell(record->text);
		}
		kfree(record);
	}
	memunmap(at);
}

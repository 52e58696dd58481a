// SPDX-License-Identifier: GPL-2.0-only
#include <linux/xarray.h>

#include "owners.h"
#include "vmnix.h"

static DEFINE_XARRAY(owners); /* struct device_file by id, which is never used twice */

int vmnix_owners_add(u32 id, struct device_file *file)
{
	return xa_err(xa_store(&owners, id, file, GFP_KERNEL));
}

void vmnix_owners_drop(u32 id)
{
	xa_erase(&owners, id);
}

void vmnix_owners_release(struct vmnix *v, struct device_file *file)
{
	struct device_file *owner;
	unsigned long id;

	xa_for_each(&owners, id, owner) {
		/* Another file may start it just now: then it is that file's to have erased. */
		if (owner == file && xa_erase(&owners, id))
			vmnix_vms_order(v, id, VMNIX_VM_REMOVE);
	}
}

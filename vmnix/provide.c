// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/slab.h>

#include "call.h"
#include "provide.h"
#include "supply.h"

int vmnix_memory_read(struct vmnix *v, struct vmnix_memory_info *memory)
{
	/* Not on the stack: that has no physical address. */
	struct vmnix_memory_info *buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);
	struct vmnix_registers call = { .rax = VMNIX_HC_MEMORY, .rsi = sizeof(*buffer) };
	int ret;

	if (!buffer)
		return -ENOMEM;
	call.rdi = __pa(buffer);
	ret = vmnix_call(v, &call);
	*memory = *buffer;
	kfree(buffer);
	return ret;
}

int vmnix_provide(struct vmnix *v, u64 needed, struct vmnix_shortage *shortage)
{
	struct vmnix_memory_info memory;
	u64 have, given;
	int ret;

	if (needed > U64_MAX / VMNIX_PIECE_SIZE)
		return -EIO;
	ret = vmnix_pieces_scrub(v);
	if (!ret)
		ret = vmnix_memory_read(v, &memory);
	if (ret)
		return ret;
	have = memory.free / VMNIX_PIECE_SIZE;
	needed = needed > have ? needed - have : 0;
	shortage->needed = needed * VMNIX_PIECE_SIZE;
	shortage->available = vmnix_supply_most((u64)si_mem_available() << PAGE_SHIFT,
						(u64)totalram_pages() << PAGE_SHIFT);
	if (shortage->needed > shortage->available)
		return -ENOMEM;
	ret = vmnix_pieces_give(v, needed, &given);
	if (ret == -ENOMEM)
		shortage->available = given * VMNIX_PIECE_SIZE;
	return ret ?: vmnix_pieces_scrub(v);
}

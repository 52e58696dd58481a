// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/printk.h>
#include <linux/sched.h>

#include "abi/hypercall/hypercall.h"
#include "adopt.h"
#include "call.h"
#include "vmnix.h"

static bool is_whole_pieces(u64 base, u64 size)
{
	return !(base % VMNIX_PIECE_SIZE) && !(size % VMNIX_PIECE_SIZE) && base + size > base;
}

static int adopt_piece(struct vmnix *v, u64 address)
{
	/* The arena was adopted as a whole. */
	if (address - vmnix_arena_base(&v->arena) < vmnix_arena_bytes(&v->arena))
		return 0;
	return vmnix_pieces_adopt(v, address / VMNIX_PIECE_SIZE);
}

static int refuse(u64 base, u64 size)
{
	pr_err("not attached: the VMM's memory at %#llx (%llu MiB) is not set aside in this Linux, which was not started from a console package; the VMs go on\n",
	       base, size >> 20);
	return -EADDRNOTAVAIL;
}

static int adopt_run(struct vmnix *v, u64 base, u64 size)
{
	u64 done;
	int ret = 0;

	if (!is_whole_pieces(base, size))
		return -EIO;
	for (done = 0; done < size && !ret; done += VMNIX_PIECE_SIZE) {
		ret = adopt_piece(v, base + done);
		cond_resched();
	}
	return ret == -EADDRNOTAVAIL ? refuse(base, size) : ret;
}

static int adopt_runs(struct vmnix *v)
{
	struct vmnix_registers call;
	u64 at = 0;
	int ret;

	do {
		call = (struct vmnix_registers){ .rax = VMNIX_HC_PIECES, .rdi = at };
		ret = vmnix_call_atomic(&call);
		if (ret)
			return ret == -ENOENT ? 0 : ret;
		if (call.rdi < at)
			return -EIO;
		at = call.rdi + call.rsi;
		ret = adopt_run(v, call.rdi, call.rsi);
	} while (!ret);
	return ret;
}

int vmnix_adopt_memory(struct vmnix *v, const struct vmnix_info *info)
{
	int ret;

	if (!is_whole_pieces(info->arena_base, info->arena_size))
		return -EIO;
	if (!vmnix_arena_adopt(&v->arena, info->arena_base, info->arena_size))
		return refuse(info->arena_base, info->arena_size);
	ret = adopt_runs(v);
	if (ret)
		vmnix_adopt_forget(v);
	return ret;
}

void vmnix_adopt_forget(struct vmnix *v)
{
	vmnix_pieces_forget(v);
	vmnix_arena_forget(&v->arena);
}

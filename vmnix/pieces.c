// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>

#include "call.h"
#include "pieces.h"
#include "supply.h"
#include "vmnix.h"

#define BUSY_TIME HZ

enum piece_source {
	PIECE_TAKEN, /* from this Linux */
	PIECE_ADOPTED,
};

static unsigned long first_frame(unsigned long piece)
{
	return piece * VMNIX_PIECE_FRAMES;
}

static void return_piece(unsigned long piece, const void *source)
{
	if (xa_to_value(source) == PIECE_ADOPTED)
		vmnix_frames_free_adopted(first_frame(piece), VMNIX_PIECE_FRAMES);
	else
		vmnix_frames_return(first_frame(piece), VMNIX_PIECE_FRAMES);
}

void vmnix_pieces_init(struct vmnix_pieces *pieces)
{
	xa_init(&pieces->given);
}

/* Why to end early what a program asked for, or 0. */
static int asked_to_end(struct vmnix *v)
{
	if (!READ_ONCE(v->vms.open))
		return -ENODEV;
	return fatal_signal_pending(current) ? -EINTR : 0;
}

static int give_one(struct vmnix *v, unsigned long piece)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_GIVE, .rdi = piece * VMNIX_PIECE_SIZE };
	int ret = xa_err(xa_store(&v->pieces.given, piece, xa_mk_value(PIECE_TAKEN), GFP_KERNEL));

	if (!ret)
		ret = vmnix_call(v, &call);
	if (ret)
		xa_erase(&v->pieces.given, piece);
	return ret;
}

static int give_run(struct vmnix *v, unsigned long piece, u64 count, u64 *given)
{
	int ret = 0;

	for (; count--; piece++) {
		if (!ret)
			ret = give_one(v, piece);
		if (!ret) {
			(*given)++;
			continue;
		}
		vmnix_frames_return(first_frame(piece), VMNIX_PIECE_FRAMES);
		/* Plugged in after the launch, so not of the memory that the VMM knows. */
		if (ret == -EFAULT)
			ret = 0;
	}
	return ret;
}

int vmnix_pieces_give(struct vmnix *v, u64 count, u64 *given)
{
	struct vmnix_search *search = &v->pieces.search;
	struct vmnix_supply_run run = { .pieces = VMNIX_SUPPLY_RUN, .from_top = !search->below };
	unsigned long pfn;
	u64 pieces;
	int ret = 0;

	for (*given = 0; *given < count && !ret; ret = ret ?: asked_to_end(v)) {
		pieces = min_t(u64, run.pieces, count - *given);
		search->step = first_frame(pieces);
		search->movable = run.movable;
		ret = vmnix_frames_take(search, first_frame(pieces), &pfn);
		if (!ret) {
			ret = give_run(v, pfn / VMNIX_PIECE_FRAMES, pieces, given);
		} else if (ret == -ENOMEM) {
			search->below = 0;
			ret = vmnix_supply_next(&run) ? 0 : -ENOMEM;
		}
	}
	return ret;
}

/* One more piece scrubbed, or 0 when none is dirty; -EBUSY as the VMM says it. */
static int scrub_one(struct vmnix *v)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_SCRUB };
	int ret = vmnix_call(v, &call);

	if (ret)
		return ret == -ENOENT ? 0 : ret;
	return call.rdi ? 1 : 0;
}

static int scrub_all(struct vmnix *v, int (*end_early)(struct vmnix *v))
{
	unsigned long end = jiffies + BUSY_TIME;
	int ret, early;

	while ((ret = scrub_one(v))) {
		if (ret > 0)
			end = jiffies + BUSY_TIME;
		else if (ret != -EBUSY || time_after(jiffies, end))
			return ret;
		else
			usleep_range(20, 100); /* the VMM has sent for the CPUs in question */
		early = end_early ? end_early(v) : 0;
		if (early)
			return early;
		cond_resched();
	}
	return 0;
}

int vmnix_pieces_scrub(struct vmnix *v)
{
	return scrub_all(v, asked_to_end);
}

static int take_one(struct vmnix *v)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_TAKE };
	int ret = vmnix_call(v, &call);
	unsigned long piece;
	void *source = NULL;

	if (ret)
		return ret;
	piece = call.rdi / VMNIX_PIECE_SIZE;
	if (!(call.rdi % VMNIX_PIECE_SIZE))
		source = xa_erase(&v->pieces.given, piece);
	if (!source) {
		pr_err("the VMM gave back memory that it had not been given (%#llx)\n", call.rdi);
		return -EIO;
	}
	return_piece(piece, source);
	/* The top is worth a look again. */
	v->pieces.search.below = 0;
	return 0;
}

int vmnix_pieces_drain(struct vmnix *v)
{
	int scrubbed = scrub_all(v, NULL);
	int ret;

	do {
		ret = take_one(v);
		cond_resched();
	} while (!ret);
	return ret == -ENOENT ? scrubbed : ret;
}

void vmnix_pieces_reclaim(struct vmnix *v)
{
	unsigned long piece, count = 0;
	void *source;

	mutex_lock(&v->vms.lock);
	xa_for_each(&v->pieces.given, piece, source) {
		vmnix_frames_scrub(first_frame(piece), VMNIX_PIECE_FRAMES);
		return_piece(piece, source);
		count++;
	}
	xa_destroy(&v->pieces.given);
	mutex_unlock(&v->vms.lock);
	if (count)
		pr_warn("the VMM still had %lu pieces of 2 MiB; Linux has them again\n", count);
}

int vmnix_pieces_adopt(struct vmnix *v, unsigned long piece)
{
	int ret;

	if (!vmnix_frames_adopt(first_frame(piece), VMNIX_PIECE_FRAMES))
		return -EADDRNOTAVAIL;
	ret = xa_err(xa_store(&v->pieces.given, piece, xa_mk_value(PIECE_ADOPTED), GFP_KERNEL));
	if (ret)
		vmnix_frames_leave_reserved(first_frame(piece), VMNIX_PIECE_FRAMES);
	return ret;
}

void vmnix_pieces_forget(struct vmnix *v)
{
	unsigned long piece;
	void *source;

	mutex_lock(&v->vms.lock);
	xa_for_each(&v->pieces.given, piece, source) {
		vmnix_frames_leave_reserved(first_frame(piece), VMNIX_PIECE_FRAMES);
		cond_resched();
	}
	xa_destroy(&v->pieces.given);
	mutex_unlock(&v->vms.lock);
}

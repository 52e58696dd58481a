// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages are read from the kernel's buffer, whatever their level, without any lock, and in order.
 * A console of Linux is there only to be told of new ones at once: a kernel that hangs or resets has
 * said before what it had to say. Those that a quiet kernel does not print follow within a second.
 */
#define pr_fmt(fmt) "vmnix: " fmt

#include <linux/bitops.h>
#include <linux/console.h>
#include <linux/gfp.h>
#include <linux/kexec.h>
#include <linux/kmsg_dump.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "call.h"
#include "last_words.h"
#include "vmnix.h"

#define RECORD_MOST 2048 /* with the time before each of its lines */

/* Pages of their own: what a hypercall reads has a physical address and crosses no page. */
static char *lines_page;
static char *panic_page;
static char *end_page;
static struct kmsg_dump_iter next; /* both while `telling` */
static unsigned long telling;
static bool started;

static void tell(const char *page, size_t bytes)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_CONSOLE_LOG,
					.rdi = __pa(page),
					.rsi = bytes };

	if (bytes)
		vmnix_call_atomic(&call);
}

/* What comes behind `told`, which moves on only after it has been told. */
static void tell_from(struct kmsg_dump_iter *told, char *page)
{
	struct kmsg_dump_iter iter = *told;
	size_t used = 0, bytes;

	while (kmsg_dump_get_line(&iter, false, page + used, PAGE_SIZE - used, &bytes)) {
		used += bytes;
		if (used <= PAGE_SIZE - RECORD_MOST)
			continue;
		tell(page, used);
		*told = iter;
		used = 0;
	}
	tell(page, used);
	*told = iter;
}

/* In any context. Whom another one is before leaves the rest to it, or to the next. */
static void tell_news(void)
{
	if (test_and_set_bit_lock(0, &telling))
		return;
	tell_from(&next, lines_page);
	clear_bit_unlock(0, &telling);
}

/* The others are stopped, perhaps one of them while it told: then that is told again. */
static void tell_last(void)
{
	struct kmsg_dump_iter iter = next;

	tell_from(&iter, panic_page);
}

static void on_message(struct console *console, const char *text, unsigned int bytes)
{
	tell_news();
}

static struct console messages = {
	.name = "vmnix",
	.write = on_message,
	.flags = CON_ENABLED | CON_ANYTIME,
};

static void on_second(struct work_struct *work)
{
	tell_news();
	schedule_delayed_work(to_delayed_work(work), HZ);
}

/* Wakes no CPU that has nothing else to do: such a one says nothing. */
static DECLARE_DEFERRABLE_WORK(seconds, on_second);

void vmnix_last_words_end(struct vmnix *v, enum vmnix_console_end end, const char *text)
{
	struct vmnix_registers call = { .rax = VMNIX_HC_CONSOLE_END, .rdi = end };

	if (!started || !READ_ONCE(v->launched))
		return;
	if (text) {
		call.rdx = min_t(size_t, strcspn(text, "\n"), VMNIX_END_TEXT - 1);
		memcpy(end_page, text, call.rdx);
	}
	if (call.rdx)
		call.rsi = __pa(end_page);
	vmnix_call_atomic(&call);
}

/*
 * With a crash kernel this is reached only when that is to start after the notifiers: it runs in
 * this console, and the end is told by how it restarts the machine.
 */
static int on_panic(struct notifier_block *block, unsigned long action, void *text)
{
	tell_last();
	if (!kexec_crash_loaded())
		vmnix_last_words_end(&vmnix, VMNIX_END_PANIC, text);
	return NOTIFY_DONE;
}

/* The last one: others have something to print, too. */
static struct notifier_block panic_block = { .notifier_call = on_panic, .priority = INT_MIN };

static void free_all(void)
{
	free_page((unsigned long)lines_page);
	free_page((unsigned long)panic_page);
	free_page((unsigned long)end_page);
}

int vmnix_last_words_start(struct vmnix *v)
{
	if (!(v->features & VMNIX_FEATURE_RESTART))
		return 0;
	lines_page = (char *)__get_free_page(GFP_KERNEL);
	panic_page = (char *)__get_free_page(GFP_KERNEL);
	end_page = (char *)__get_free_page(GFP_KERNEL);
	if (!lines_page || !panic_page || !end_page) {
		free_all();
		return -ENOMEM;
	}
	started = true;
	kmsg_dump_rewind(&next);
	register_console(&messages);
	schedule_delayed_work(&seconds, 0);
	atomic_notifier_chain_register(&panic_notifier_list, &panic_block);
	return 0;
}

void vmnix_last_words_stop(struct vmnix *v)
{
	if (!started)
		return;
	started = false;
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_block);
	cancel_delayed_work_sync(&seconds);
	unregister_console(&messages);
	free_all();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel exports its command line to programs, not to modules: so it is read as programs do. Where
 * /proc is not mounted, nothing is switched off.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/setup.h>

#include "command_line.h"

#define SWITCH "vmnix=off"

static bool has_word(const char *text, const char *word)
{
	const size_t length = strlen(word);
	const char *at;

	for (at = strstr(text, word); at; at = strstr(at + 1, word)) {
		if ((at == text || at[-1] == ' ') && strchr(" \n", at[length]))
			return true;
	}
	return false;
}

bool vmnix_command_line_off(void)
{
	struct file *file = filp_open("/proc/cmdline", O_RDONLY, 0);
	bool off = false;
	loff_t at = 0;
	char *text;

	if (IS_ERR(file))
		return false;
	text = kzalloc(COMMAND_LINE_SIZE + 1, GFP_KERNEL);
	if (text && kernel_read(file, text, COMMAND_LINE_SIZE, &at) > 0)
		off = has_word(text, SWITCH);
	kfree(text);
	filp_close(file, NULL);
	return off;
}

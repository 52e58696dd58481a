/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel was booted with, as far as it concerns the module. */
#ifndef VMNIX_COMMAND_LINE_H
#define VMNIX_COMMAND_LINE_H

#include <linux/types.h>

/* vmnix=off */
bool vmnix_command_line_off(void);

#endif

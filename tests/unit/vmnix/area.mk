# SPDX-License-Identifier: GPL-2.0-only
SOURCES.vmnix := $(MODULE_PURE)

# SPDX-License-Identifier: GPL-2.0-only
SOURCES.vmnix := $(MODULE_PURE) tests/unit/vmnix/abi_layout.c

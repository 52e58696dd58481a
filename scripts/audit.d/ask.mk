# SPDX-License-Identifier: GPL-2.0-only
# For scripts/audit-boundary: prints the build's variable VARIABLE.
include kbuild/config.mk
include kbuild/vmm.mk
include kbuild/module.mk

.PHONY: ask
ask:
	$(info $($(VARIABLE)))
	@:

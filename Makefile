# SPDX-License-Identifier: GPL-2.0-only
# The fragments in kbuild/ hold the rules, one per area. `make` builds all, `make run` shows it, `make test` tests it.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

include kbuild/config.mk
-include kbuild/vmm.mk
-include kbuild/module.mk
-include kbuild/console.mk
-include kbuild/machine.mk
-include kbuild/tests.mk

.PHONY: all run test setup clean
all run test:

setup:
	scripts/setup

clean:
	find $(BUILD) -mindepth 1 -maxdepth 1 ! -name apt ! -name private ! -name tools ! -name setup.mk -exec rm -rf {} +

# kbuild/config.mk includes $(BUILD)/setup.mk: when it is missing, out of date or of another place, make runs the set-up
# and starts over with what it found. Not for goals that need nothing.
ifneq ($(filter-out setup clean,$(or $(MAKECMDGOALS),all)),)
ifneq ($(SETUP_ROOT),)
ifneq ($(SETUP_ROOT),$(realpath .))
$(shell rm -f $(BUILD)/setup.mk)
endif
endif
$(BUILD)/setup.mk: scripts/setup $(wildcard scripts/setup.d/* scripts/packages/*)
	scripts/setup
	@touch $@
endif

# SPDX-License-Identifier: GPL-2.0-only
# The console machine: a stock Debian kernel and an archive of its userland with everything of ours in it, one pair per
# kernel in $(BUILD)/machine/<kernel>/, and the pair of $(KERNEL) as $(BUILD)/console.*. Used by `run` and by the tests.
# Within lies the guest that it can start as a VM: the same kernel and a smaller archive.
# Other fragments add what goes into the archives: $(MACHINE_ARCHIVES): prerequisite

ifneq ($(KERNELS),)
ifeq ($(filter $(KERNEL),$(KERNELS)),)
$(error KERNEL=$(KERNEL): there are $(KERNELS))
endif
endif

MACHINE_ARCHIVES := $(KERNELS:%=$(BUILD)/machine/%/console.cpio.gz)
MACHINE_INPUTS   := scripts/console-machine $(wildcard scripts/vmnix.init scripts/vmnix-adopt.init scripts/vmnix-service scripts/vmnix.default) \
                    $(shell find scripts/console-root -type f) $(VMKERNEL) $(VMNIX_TOOL)
GUEST_ARCHIVES   := $(KERNELS:%=$(BUILD)/machine/%/guest.cpio.gz)
GUEST_INPUTS     := scripts/guest-image $(shell find scripts/guest-root -type f)

all: $(BUILD)/console.vmlinuz $(BUILD)/console.cpio.gz

$(GUEST_ARCHIVES): $(BUILD)/machine/%/guest.cpio.gz: $(GUEST_INPUTS) $(BUILD)/setup.mk
	$(call say,GUEST,$@)
	$(Q)BUILD=$(BUILD) scripts/guest-image $* $@

$(MACHINE_ARCHIVES): $(BUILD)/machine/%/console.cpio.gz: $(MACHINE_INPUTS) $(BUILD)/machine/%/guest.cpio.gz \
                     $(BUILD)/setup.mk \
                     $(if $(VMKMOD),$(BUILD)/modules/%/vmkmod.ko)
	$(call say,MACHINE,$@)
	$(Q)BUILD=$(BUILD) scripts/console-machine $* $(@D)

# Written together with the archive.
$(MACHINE_ARCHIVES:.cpio.gz=.vmlinuz): %.vmlinuz: %.cpio.gz
	@touch $@
$(MACHINE_ARCHIVES:%/console.cpio.gz=%/restart.cpio.gz): %/restart.cpio.gz: %/console.cpio.gz
	@touch $@

# Which kernel $(BUILD)/console.* are of; changes only when the choice does.
$(BUILD)/machine/chosen: FORCE
	@mkdir -p $(@D)
	@echo '$(KERNEL)' | cmp -s - $@ || echo '$(KERNEL)' >$@

$(BUILD)/console.vmlinuz: $(BUILD)/machine/$(KERNEL)/console.vmlinuz $(BUILD)/machine/chosen
	@cp $< $@
# With what it can be restarted from.
$(BUILD)/console.cpio.gz: $(addprefix $(BUILD)/machine/$(KERNEL)/,console.cpio.gz restart.cpio.gz) $(BUILD)/machine/chosen
	@cat $(filter %.gz,$^) >$@

.PHONY: machines run FORCE
machines: $(MACHINE_ARCHIVES)

run: all
	@BUILD=$(BUILD) scripts/run-machine
